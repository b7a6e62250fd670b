// What the worker's own check of its store says, and what `agentkeys doctor` tells a person of it.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { assert, until } from './check.mjs';
import { Connection } from './http.mjs';
import { build, tempDir } from './worker.mjs';

export async function vaultStore(worker) {
  const connection = new Connection(worker.url, 2000);
  try {
    return (await connection.request('GET', '/readyz')).body.checks.vault_store;
  } finally {
    connection.close();
  }
}

// As a person without a profile, or with one in `state`: {check: [{state, seen, remedy}]} and the exit status.
export function doctor(worker, state = tempDir()) {
  const env = { ...worker.env, AGENTKEYS_SIGNER_URL: `${worker.url}/tee`, AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_STATE_DIR: state, AGENTKEYS_EVIDENCE: 'none' };
  const run = spawnSync(path.join(build, 'src/programs/cli/agentkeys'), ['doctor', '--json'], { env, encoding: 'utf8', timeout: 60000 });
  const { checks, ok } = JSON.parse(run.stdout);
  const found = { ok, status: run.status };
  for (const { check, ...rest } of checks) (found[check] ??= []).push(rest);
  return found;
}

// A whole look, begun after whatever happened before, finds ledger and store in agreement; doctor says so.
export async function agree(worker, timeoutMs = 20000) {
  await until('ledger and store to agree', async () => (await vaultStore(worker).catch(() => undefined)) === 'ok', timeoutMs, 20);
  const { vault_store: [said] } = doctor(worker);
  assert.deepEqual(said, { state: 'ok', seen: 'ok' });
}
