// Figures of the broker, from outside: a real broker and worker on loopback.
//   p99 BUILD        99th percentile of requests while the servers behind it stall, against the same without, in turns
//   pending BUILD    resident memory with 10,000 sign-ins under way, each with a mail that waits
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const [verb, build] = process.argv.slice(2);
if (build) process.env.AK_BUILD = build;
const { Broker, MailSink, SignIn, freePort } = await import('../lib/broker.mjs');
const { cleanUp, sleep, until } = await import('../lib/check.mjs');
const { Device } = await import('../lib/device.mjs');
const { Worker, tempDir } = await import('../lib/worker.mjs');

const issuer = 'http://127.0.0.1:8092';
const address = `0x${'ab'.repeat(20)}`;
const figure = (name, ours, reference, unit, note) =>
  console.log(JSON.stringify({ name, ours, reference, ratio: Number((ours / reference).toFixed(3)), unit, note }));

// A source of its own for each request, so that no limit is met.
let sources = 0;
const anywhere = () => { sources += 1; return { headers: { 'X-Forwarded-For': `10.${(sources >> 16) & 255}.${(sources >> 8) & 255}.${sources & 255}` } }; };

// A provider that takes connections and says nothing.
async function silentProvider(dir) {
  const server = net.createServer(() => undefined);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const file = path.join(dir, 'oauth2.conf');
  fs.writeFileSync(file, `[silent]\nissuer = http://127.0.0.1:${server.address().port}\nclient_id = app\n`, { mode: 0o600 });
  return file;
}

async function open() {
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ dir }).start();
  const broker = new Broker({ dir, port: await freePort(), issuer, workerSocket, args: ['--trusted-proxies', '127.0.0.1', '--mail-url', `smtp://127.0.0.1:${sink.port}`,
    '--mail-starttls=off', '--mail-from', 'keys@demo.example', '--mail-timeout', '60s', '--log-level', 'warn',
    '--oauth2-timeout', '4s', '--oauth2-providers', 'silent', '--oauth2-file', await silentProvider(dir)] });
  broker.init();
  const worker = new Worker({ dir, env: { AGENTKEYS_ISSUER: issuer }, args: ['--broker-socket', workerSocket, '--broker-url', broker.url, '--broker-key', broker.pub] });
  worker.init();
  await worker.start();
  await broker.start();
  return { broker, sink };
}

// ---- p99 ----
const clients = 6;
const rounds = 8;
const roundMs = 2000;
const pauseMs = 12;
const parts = [
  (who) => who.status(),
  (who) => who.call('POST', '/v1/auth/wallet/start', { address, chain_id: 1 }, anywhere()),
  (who) => who.connection.request('GET', '/auth/email'),
  (who) => who.connection.request('POST', '/v1/auth/email/verify', { body: { token: 'A'.repeat(43), request_id: '0'.repeat(32), match_code: 'AAAAAA' } }),
];

// What may stall: each begins to, and ends.
let asking;
const stalls = ({ broker, sink }) => [
  {
    name: 'provider',
    // As many as its threads take; nothing is asked of this process during the round.
    async begin() {
      asking = Array.from({ length: 4 }, () => new SignIn(broker, new Device()).call('POST', '/v1/auth/oauth2/start', { provider: 'silent' }, anywhere()));
      await sleep(200);
    },
    async end() {
      await Promise.all(asking);
    },
  },
  {
    name: 'mail server',
    async begin() {
      sink.hang = true;
      for (let i = 0; i < 5; i++) await new SignIn(broker, new Device()).email(`stalled${sources}.${i}@demo.example`, anywhere());
      await until('mails that wait', async () => (await broker.metrics()).mails_waiting >= 5);
    },
    async end() {
      sink.hang = false;
      for (const connection of sink.server.connections) connection._socket.destroy();
      await until('no mail that waits', async () => (await broker.metrics()).mails_waiting === 0, 120000);
    },
  },
];

async function round(people) {
  const took = [];
  const end = performance.now() + roundMs;
  await Promise.all(people.map(async (who, at) => {
    for (let i = at; performance.now() < end; i++) {
      const began = performance.now();
      const { status } = await parts[i % parts.length](who);
      took.push(performance.now() - began);
      if (![200, 404].includes(status)) throw new Error(`status ${status}`);
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }));
  return took;
}

const p99of = (took) => [...took].sort((a, b) => a - b)[Math.floor(took.length * 0.99)];

async function p99() {
  const world = await open();
  const people = await Promise.all(Array.from({ length: clients }, async () => {
    const who = new SignIn(world.broker, new Device());
    await who.email(`someone${Math.random()}@demo.example`, anywhere());
    return who;
  }));
  const what = stalls(world);
  const ours = [];
  const reference = [];
  const ratios = [];
  await round(people);
  for (let i = 0; i < rounds; i++) {
    const calm = await round(people);
    for (const one of what) await one.begin();
    const stalled = await round(people);
    for (const one of what) await one.end();
    ours.push(...stalled);
    reference.push(...calm);
    ratios.push(p99of(stalled) / p99of(calm));
  }
  figure('broker-p99', Number(p99of(ours).toFixed(2)), Number(p99of(reference).toFixed(2)), 'ms',
    `stalled: ${what.map((one) => one.name).join(', ')}; ${rounds} rounds each in turns, ${ours.length} and ${reference.length} requests (polls, wallet texts, ` +
    `pages, wrong links), ratio of single rounds ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; want <= 1.2`);
}

// ---- pending ----
const wanted = 10000;

const rssMiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function pending() {
  const { broker, sink } = await open();
  sink.hang = true;
  let next = 0;
  let again = 0;
  await Promise.all(Array.from({ length: 16 }, async () => {
    const who = new SignIn(broker, new Device());
    while (next < wanted) {
      next += 1;
      const mail = `person${next}@demo.example`;
      for (let status = 0; status !== 200; again += status === 200 ? 0 : 1) {
        ({ status } = await who.email(mail, anywhere()));
        if (![200, 503].includes(status) || again > 100) throw new Error(who.asked.text);
      }
    }
  }));
  const over = await new SignIn(broker, new Device()).email('one.too.many@demo.example', anywhere());
  const metrics = await broker.metrics();
  const rss = rssMiB(broker.child.pid);
  figure('broker-pending', Number(rss.toFixed(1)), 50, 'MiB', `VmRSS with ${metrics.signins} sign-ins under way and ${metrics.mails_waiting} mails that wait; one more is answered ${over.status}; want <= 1`);
}

let status = 0;
try {
  await { p99, pending }[verb]();
} catch (error) {
  status = 1;
  console.error(error);
}
await cleanUp();
process.exit(status);
