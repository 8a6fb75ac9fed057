/**
 * House rules that the linter has no rule for. `new Date(ms)` formats a moment that was given; `new Date()` and
 * `Date()` read the clock, which the domain must be told instead.
 */
interface Node {
  readonly type: string;
  readonly callee: { readonly type: string; readonly name?: string };
  readonly arguments: readonly unknown[];
}

interface RuleContext {
  report(problem: { node: Node; message: string }): void;
}

function readsClock(context: RuleContext) {
  return (node: Node): void => {
    if (node.callee.type !== 'Identifier' || node.callee.name !== 'Date') return;
    if (node.type === 'NewExpression' && node.arguments.length > 0) return;
    context.report({ node, message: 'This reads the clock. Take the time as an argument.' });
  };
}

export default {
  meta: { name: 'house' },
  rules: {
    'no-clock': {
      create: (context: RuleContext) => ({ NewExpression: readsClock(context), CallExpression: readsClock(context) }),
    },
  },
};
