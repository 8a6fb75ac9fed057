import { expect, test } from 'vitest';
import { formatAge, formatElapsed } from './duration.ts';
import { renderTable, truncate } from './table.ts';

test('columns line up, also below Chinese titles', () => {
  const table = renderTable(
    [{ title: '名称' }, { title: 'B' }],
    [
      ['acme', '1'],
      ['客户一', '2'],
    ],
  );
  expect(table).toBe('名称    B\nacme    1\n客户一  2\n');
});

test('colours are put around padded cells and do not move columns', () => {
  const paint = (text: string) => `<${text}>`;
  expect(renderTable([{ title: 'AAA', paint }, { title: 'B' }], [['x', 'y']])).toBe('AAA  B\n<x  >  y\n');
});

test('a line is cut to the width of the terminal', () => {
  expect(truncate('abcdef', 4)).toBe('abc…');
  expect(truncate('abc', 4)).toBe('abc');
  expect(truncate('中文字符', 5)).toBe('中文…');
});

test.each([
  [5_000, '5s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [7_200_000, '2h'],
  [48 * 3_600_000, '2d'],
  [-5, '0s'],
])('an age of %i ms reads %s', (age, text) => expect(formatAge(age)).toBe(text));

test('elapsed time has tenths as long as they matter', () => {
  expect([formatElapsed(1_440), formatElapsed(75_400)]).toEqual(['1.4s', '75s']);
});
