// A person's terminal: the real agentkeys with a state folder of its own.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { assert, until } from './check.mjs';
import { build, tempDir } from './worker.mjs';

const program = path.join(build, 'src/programs/cli/agentkeys');

// A machine of somebody's: a folder of its own.
export class Machine {
  constructor(worker, broker) {
    this.env = { PATH: process.env.PATH, HOME: tempDir(), AGENTKEYS_STATE_DIR: path.join(tempDir(), 'state'),
      AGENTKEYS_SIGNER_URL: `${worker.url}/tee`, AGENTKEYS_BROKER_URL: broker.url };
  }

  start(...args) {
    return this.spawn([...args, '--json']);
  }

  spawn(args) {
    const child = spawn(program, args, { env: this.env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 60000 });
    const run = { child, out: '', err: '' };
    child.stdout.on('data', (data) => { run.out += data; });
    child.stderr.on('data', (data) => { run.err += data; });
    run.done = new Promise((resolve) => child.on('close', (status) => resolve({ status, out: run.out, err: run.err, body: run.out && args.includes('--json') ? JSON.parse(run.out) : undefined })));
    return run;
  }

  run(...args) {
    const run = this.start(...args);
    run.child.stdin.end();
    return run.done;
  }

  // As people read it.
  plain(...args) {
    const run = this.spawn(args);
    run.child.stdin.end();
    return run.done;
  }
}

// A person at their mailbox: commands that wait until a mail's link was opened and the code typed there.
export function mailbox(broker, sink) {
  const answer = async (run, address) => {
    const mail = await sink.take(address.toLowerCase());
    const code = await until('the code', () => /type this code there: (\w{6})/.exec(run.err)?.[1]);
    assert.equal((await broker.verify(mail, code)).status, 200);
  };
  const byMail = async (machine, address, ...command) => {
    const run = machine.start(...command, '--email', address);
    run.child.stdin.end();
    await answer(run, address);
    return run.done;
  };
  return { answer, byMail };
}
