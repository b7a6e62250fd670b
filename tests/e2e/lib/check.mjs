// A small test runner: cases in order, one line each; exit 1 after a failure, 77 where everything was skipped.
import assert from 'node:assert/strict';

export { assert };

const counts = { ok: 0, failed: 0, skipped: 0 };
const endings = [];

export class Skip extends Error {}

export function skip(reason) {
  throw new Skip(reason);
}

// Runs one case; a failure is printed and the next case still runs.
export async function test(name, fn) {
  const began = Date.now();
  try {
    await fn();
    counts.ok++;
    console.log(`ok   ${name} (${Date.now() - began} ms)`);
  } catch (error) {
    if (error instanceof Skip) {
      counts.skipped++;
      console.log(`skip ${name}: ${error.message}`);
      return;
    }
    counts.failed++;
    console.log(`FAIL ${name}\n${error?.stack ?? error}`);
  }
}

// What a test started and has to end, last first.
export function atEnd(fn) {
  endings.push(fn);
}

export async function cleanUp() {
  while (endings.length > 0) {
    try {
      await endings.pop()();
    } catch (error) {
      console.log(`clean-up: ${error.message}`);
    }
  }
}

// The body of a test file: whatever happens, everything that was started ends.
export async function main(fn) {
  let status = 0;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void cleanUp().then(() => process.exit(1)));
  try {
    await fn();
  } catch (error) {
    if (error instanceof Skip) {
      counts.skipped++;
      console.log(`skip: ${error.message}`);
    } else {
      counts.failed++;
      console.log(`FAIL outside of a case\n${error?.stack ?? error}`);
    }
  }
  await cleanUp();
  if (counts.failed > 0) status = 1;
  else if (counts.ok === 0) status = 77;
  if (status !== 77) console.log(`${counts.ok} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(status);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Polls until `probe` gives something true, at most `timeoutMs`.
export async function until(what, probe, timeoutMs = 10000, stepMs = 10) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const got = await probe();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(stepMs);
  }
}
