// Both servers get the same closed loop of 32 connections from this process; only the servers' CPU time counts.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { decodeProtectedHeader } from 'jose';
import { assert, atEnd, main, test } from '../lib/check.mjs';
import { Worker } from '../lib/worker.mjs';
import { each, median, rate } from './servers.mjs';

const connections = 32;
const rounds = 3;

async function provider() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('oidc-provider.mjs', import.meta.url))], { stdio: ['ignore', 'pipe', 'ignore'] });
  atEnd(() => child.kill());
  const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const body = 'grant_type=client_credentials&resource=https%3A%2F%2Fsts.example';
  const one = () => new Promise((resolve, reject) => {
    const headers = { authorization: `Basic ${Buffer.from('agent:s3cret-s3cret-s3cret-s3cret-s3cret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    http.request({ host: '127.0.0.1', port, agent, method: 'POST', path: '/token', headers }, (answer) => {
      let text = '';
      answer.on('data', (data) => { text += data; });
      answer.on('end', () => (answer.statusCode === 200 ? resolve(JSON.parse(text).access_token) : reject(new Error(text))));
    }).on('error', reject).end(body);
  });
  assert.equal(decodeProtectedHeader(await one()).alg, 'ES256');
  return { pid: child.pid, one };
}

await main(async () => {
  console.log = (...said) => console.error(...said); // the figure alone goes to standard output
  await test('figure', async () => {
    const worker = await Worker.start({ args: ['--oidc-mints-per-hour', '10000'] });
    const owner = await worker.owner();
    const agents = [];
    for (let i = 0; i < connections; i++) agents.push(await worker.agent(owner, `agent-${i}`, { scope: ['cap:oidc'], rate: 10000 }));
    const mint = (number) => agents[number].must('mint-oidc-jwt');
    const peer = await provider();
    const pids = [worker.pid, ...Object.values(worker.children())];
    await Promise.all([each(connections, 500, mint), each(connections, 300, peer.one)]);
    const [ours, theirs] = [[], []];
    for (let i = 0; i < rounds; i++) {
      ours.push(await rate(pids, connections, 2500, mint));
      theirs.push(await rate([peer.pid], connections, 1000, peer.one));
    }
    const ratio = median(ours) / median(theirs);
    process.stdout.write(`${JSON.stringify({ name: 'oidc-mint-vs-provider', ours: Math.round(median(ours)), reference: Math.round(median(theirs)),
      ratio: Number(ratio.toFixed(3)), unit: 'tokens/CPU s', note: `${connections} connections, ${rounds} rounds, every entry durable; want >= 10` })}\n`);
  });
});
