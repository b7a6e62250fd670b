// A software TPM for one test: on free loopback ports, its state in a folder that goes away, stopped by its pid.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { atEnd, until } from '../e2e/lib/check.mjs';
import { tempDir } from '../e2e/lib/worker.mjs';

// Why the suite cannot run here, or ''.
export function missing() {
  for (const name of ['swtpm', 'swtpm_setup', 'swtpm_localca', 'tpm2_pcrextend']) {
    if (spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0) return `${name} is not here: scripts/setup-dev-env.sh --with tpm`;
  }
  return '';
}

const listens = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('connect', () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

const free = (port) => new Promise((resolve) => {
  const server = net.createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

// The second one, for control, has to be the next port.
async function freePair() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 10000);
    if (await free(port) && await free(port + 1)) return port;
  }
}

// What the proxy is told: milliseconds of delay a command; the commands so far; the command at which the connection is
// cut, before or after the chip has done it; whether what passes is written to the file `tap`.
const SHARED = { delay: 0, count: 1, cutAt: 2, cutAfter: 3, tap: 4 };

// A maker of chips: an issuing certificate of its own.
export class Maker {
  constructor() {
    this.dir = tempDir();
    const at = (name) => path.join(this.dir, name);
    this.file = at('issuercert.pem');
    fs.writeFileSync(at('ca.conf'), `statedir = ${this.dir}\nsigningkey = ${at('signkey.pem')}\nissuercert = ${this.file}\ncertserial = ${at('certserial')}\n`);
    fs.writeFileSync(at('opts'), '--platform-manufacturer test\n--platform-version 1\n--platform-model m\n');
    fs.writeFileSync(at('setup.conf'), `create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = ${at('ca.conf')}\ncreate_certs_tool_options = ${at('opts')}\nactive_pcr_banks = sha256\n`);
  }

  certify(state) {
    const ran = spawnSync('swtpm_setup', ['--tpm2', '--tpmstate', state, '--create-ek-cert', '--config', path.join(this.dir, 'setup.conf'), '--overwrite'], { encoding: 'utf8', timeout: 60000 });
    if (ran.status !== 0) throw new Error(`swtpm_setup: ${ran.stdout}${ran.stderr}`);
  }

  // A certificate of the running chip's P-256 endorsement key, where makers keep it; swtpm_setup makes none. It has certified one
  // chip before, else it has no key yet.
  certifyEcc(chip) {
    if (!fs.existsSync(this.file)) this.certify(tempDir());
    const at = (name) => path.join(chip.dir, name);
    chip.tool('tpm2_createek', '-G', 'ecc', '-c', 'ecc-ek.ctx', '-u', 'ecc-ek.pem', '-f', 'pem');
    chip.tool('tpm2_flushcontext', '-t');
    fs.writeFileSync(at('ecc-ek.ext'), 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=2.23.133.8.1\nkeyUsage=critical,keyAgreement\n');
    const ran = spawnSync('openssl', ['x509', '-new', '-force_pubkey', at('ecc-ek.pem'), '-subj', '/CN=EK', '-days', '3', '-CA', this.file,
      '-CAkey', path.join(this.dir, 'signkey.pem'), '-extfile', at('ecc-ek.ext'), '-out', at('ecc-ek.crt')], { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`openssl: ${ran.stderr}`);
    chip.nvWrite(0x01c0000a, der(at('ecc-ek.crt')));
  }
}

// A file's PEM block as DER.
const der = (file) => Buffer.from(fs.readFileSync(file, 'utf8').replace(/-----[^-]+-----/g, ''), 'base64');

export class Chip {
  // `maker`: a Maker that certifies its endorsement key; without one the chip has no certificate. `inside`: what a copy of another
  // one's state folder has.
  static async start(maker, inside = tempDir()) {
    const chip = new Chip();
    chip.dir = inside;
    maker?.certify(chip.dir);
    chip.real = await freePair();
    await chip.on();
    await chip.proxy();
    chip.tcti = `swtpm:host=127.0.0.1,port=${chip.port}`;
    chip.firmware();
    return chip;
  }

  // Also after off(): a reboot; the registers begin anew.
  async on() {
    this.child = spawn('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${this.dir}`, '--flags', 'not-need-init,startup-clear',
      '--server', `type=tcp,port=${this.real},bindaddr=127.0.0.1`, '--ctrl', `type=tcp,port=${this.real + 1},bindaddr=127.0.0.1`],
    { stdio: 'ignore' });
    const child = this.child;
    this.ended = new Promise((resolve) => child.on('exit', resolve));
    atEnd(() => child.kill('SIGKILL'));
    await until('the TPM', () => listens(this.real), 10000);
  }

  async proxy() {
    this.tap = path.join(tempDir(), 'tap');
    this.shared = new Int32Array(new SharedArrayBuffer(20));
    const thread = new Thread(new URL('./proxy.mjs', import.meta.url), { workerData: { real: this.real, shared: this.shared, at: SHARED, tap: this.tap } });
    this.port = await new Promise((resolve) => thread.once('message', resolve));
    thread.unref();
    atEnd(() => thread.terminate());
  }

  set(what, value) {
    Atomics.store(this.shared, SHARED[what], value);
  }

  get commands() {
    return Atomics.load(this.shared, SHARED.count);
  }

  // Cuts the connection at the n-th command from now on, before or after the chip has done it.
  cutAt(n, after) {
    this.set('cutAfter', after ? 1 : 0);
    this.set('cutAt', this.commands + n);
  }

  async off() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  // What firmware would have measured; a fresh chip has zeros.
  firmware() {
    for (const pcr of [0, 2, 4, 7]) this.extend(pcr, pcr + 1);
  }

  async reboot() {
    await this.off();
    await this.on();
    this.firmware();
  }

  extend(pcr, value) {
    this.tool('tpm2_pcrextend', `${pcr}:sha256=${value.toString(16).padStart(64, '0')}`);
  }

  tool(name, ...args) {
    const ran = spawnSync(name, args, { cwd: this.dir, encoding: 'utf8', timeout: 20000, env: { ...process.env, TPM2TOOLS_TCTI: `swtpm:host=127.0.0.1,port=${this.real}` } });
    if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}`);
    return ran.stdout;
  }

  nvRead(index) {
    const file = path.join(this.dir, 'nv.read');
    this.tool('tpm2_nvread', `0x${index.toString(16)}`, '-o', file);
    return fs.readFileSync(file);
  }

  // As a maker does, under the platform hierarchy; an index of this size is written again.
  nvWrite(index, bytes) {
    const [file, name] = [path.join(this.dir, 'nv.write'), `0x${index.toString(16)}`];
    fs.writeFileSync(file, bytes);
    try {
      this.tool('tpm2_nvreadpublic', name);
    } catch {
      this.tool('tpm2_nvdefine', name, '-C', 'p', '-s', String(bytes.length), '-a', 'ppwrite|ppread|ownerread|authread|platformcreate|no_da');
    }
    this.tool('tpm2_nvwrite', name, '-C', 'p', '-i', file);
  }

  env() {
    return { AGENTKEYS_TEE: 'tpm2', AGENTKEYS_TEE_TCTI: this.tcti };
  }
}
