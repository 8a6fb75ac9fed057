// Nothing is imported statically: an older Node must get as far as the sentence below.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `agentpod needs Node.js 24.15 or newer; this is ${process.version}. Install a newer one: https://nodejs.org/\n` +
      `agentpod 需要 Node.js 24.15 或更高版本，当前是 ${process.version}。请先升级：https://nodejs.org/\n`,
  );
  process.exitCode = 1;
} else {
  void Promise.all([import('./run.ts'), import('./process-io.ts')]).then(async ([{ run }, { processIo }]) => {
    process.exitCode = await run(process.argv.slice(2), processIo());
  });
}

export {};
