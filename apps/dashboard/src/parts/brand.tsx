/** Sign and name. The sign is decoration: the name says it all. */
export function Brand() {
  return (
    <span className="inline-flex items-center gap-2.5 text-lg font-semibold tracking-tight">
      <img src="/favicon.svg" alt="" className="size-7" />
      AgentPod
    </span>
  );
}
