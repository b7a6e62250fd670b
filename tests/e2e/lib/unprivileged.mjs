// A person without any power, as everybody is for whom this was made: where a test runs as root, it starts itself again as a user that
// owns nothing but its home, with the programs installed where it can read them. Root stays outside and lends it, on demand, a second
// such user, who must not get anywhere.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { atEnd } from './check.mjs';
import { build, root } from './worker.mjs';

// Numbers that no user here has.
export function freeUsers(count) {
  const taken = new Set(fs.readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => Number(line.split(':')[2])));
  const all = Array.from({ length: 200 }, (_, i) => 61500 + i);
  return all.filter((uid) => !taken.has(uid)).slice(0, count);
}

// As `meson install` does it, below a folder of its own. The programs alone are enough to run.
function install(place) {
  fs.rmSync(path.join(build, 'meson-logs/install-log.txt'), { force: true }); // root's, where root installed from here
  const done = spawnSync('meson', ['install', '-C', build, '--no-rebuild', '--quiet', '--destdir', place], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`meson install: ${done.stdout}${done.stderr}`);
  const found = fs.readdirSync(place, { recursive: true }).find((name) => name.endsWith('bin/agentkeys'));
  return path.join(place, path.dirname(found));
}

// Under /tmp itself: a TMPDIR of root's is closed to others.
function makePlace(uid) {
  const place = fs.mkdtempSync(path.join(process.getuid() === 0 ? '/tmp' : os.tmpdir(), 'ak-user-'));
  atEnd(() => fs.rmSync(place, { recursive: true, force: true }));
  fs.chmodSync(place, 0o755);
  for (const [name, mode] of [['home', 0o700], ['open', 0o755]]) {
    fs.mkdirSync(path.join(place, name), { mode });
    fs.chmodSync(path.join(place, name), mode);
    if (process.getuid() === 0) fs.chownSync(path.join(place, name), uid, uid);
  }
  return place;
}

// What the second user is asked to do, as a line of JavaScript that gives a value.
function asOther(uid, gid, code) {
  const script = `const fs = require('fs'), net = require('net');
const refusal = (fn) => { try { fn(); return 'worked'; } catch (error) { return error.code; } };
const dial = (at, say = '') => new Promise((done) => { const socket = net.connect(at); let got = ''; socket.on('connect', () => socket.end(say));
  socket.on('data', (part) => { got += part; }); socket.on('close', () => done(got || 'closed')); socket.on('error', (error) => done(error.code)); });
(async () => console.log(JSON.stringify(await (${code}))))();`;
  const done = spawnSync(process.execPath, ['-e', script], { uid, gid, cwd: '/', env: { PATH: process.env.PATH }, encoding: 'utf8', timeout: 20000 });
  return done.status === 0 ? { value: JSON.parse(done.stdout) } : { failed: done.stderr };
}

// Copies of what the test itself is made of, where the user can read them.
function bring(place, script) {
  if (process.getuid() !== 0) return [process.execPath, script];
  const lib = path.join(root, 'tests/e2e/lib');
  fs.mkdirSync(path.join(place, 'test/lib'), { recursive: true });
  for (const file of ['check.mjs']) fs.copyFileSync(path.join(lib, file), path.join(place, 'test/lib', file));
  fs.copyFileSync(script, path.join(place, 'test', path.basename(script)));
  const node = path.join(place, 'test/node');
  fs.copyFileSync(fs.realpathSync(process.execPath), node);
  fs.chmodSync(node, 0o755);
  return [node, path.join(place, 'test', path.basename(script))];
}

// Runs `script` as the user; its exit status. It may ask, by message: {id, code, shared} is done by the second user, in the first one's
// group where `shared`; others are answered by `help`.
export async function runUnprivileged(script, help = {}) {
  const [uid, other] = process.getuid() === 0 ? freeUsers(2) : [process.getuid()];
  const place = makePlace(uid);
  const bin = install(place);
  const [node, copy] = bring(place, script);
  const env = { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, HOME: path.join(place, 'home'), TMPDIR: path.join(place, 'home'), AK_PLACE: place,
    AK_OTHER: other === undefined ? '' : String(other) };
  const as = other === undefined ? {} : { uid, gid: uid };
  const child = spawn(node, ['--no-warnings', copy, '--inside'], { ...as, env, cwd: env.HOME, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  atEnd(() => child.exitCode === null && child.kill('SIGKILL'));
  child.on('message', async ({ id, code, shared, ...more }) => {
    child.send({ id, ...(code ? asOther(other, shared ? uid : other, code) : { value: await help[more.what](more.value) }) });
  });
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
}
