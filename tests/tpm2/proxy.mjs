// Runs as a thread: many connections to one chip, as the kernel's resource manager allows, their commands one by one.
// What a test wants of it stands in shared memory (chip.mjs, SHARED).
import fs from 'node:fs';
import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { real, shared, at, tap } = workerData;
let turn = Promise.resolve();

function ask(command) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(real, '127.0.0.1', () => socket.write(command));
    let answer = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < 10 || answer.length < answer.readUInt32BE(2)) return;
      resolve(answer);
      socket.destroy();
    });
  });
}

async function pass(client, command) {
  const number = Atomics.add(shared, at.count, 1) + 1;
  const delay = Atomics.load(shared, at.delay);
  if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
  const dies = number === Atomics.load(shared, at.cutAt);
  if (dies && !Atomics.load(shared, at.cutAfter)) return client.destroy();
  const answer = await ask(command);
  if (dies) return client.destroy();
  if (Atomics.load(shared, at.tap)) fs.appendFileSync(tap, Buffer.concat([command, answer]));
  client.write(answer);
}

const server = net.createServer((client) => {
  let held = Buffer.alloc(0);
  client.on('error', () => client.destroy());
  client.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 10 && held.length >= held.readUInt32BE(2)) {
      const command = held.subarray(0, held.readUInt32BE(2));
      held = held.subarray(command.length);
      turn = turn.then(() => pass(client, command)).catch(() => client.destroy());
    }
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
