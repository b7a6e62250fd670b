// A single-node Ceph (mon, one OSD in memory, radosgw with S3, STS, IAM) on loopback in one folder, ended at the end.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { atEnd, skip, until } from './check.mjs';
import { tempDir } from './worker.mjs';

const programs = ['ceph', 'ceph-mon', 'ceph-osd', 'ceph-authtool', 'monmaptool', 'radosgw', 'radosgw-admin'];

export function needCeph() {
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (missing.length) skip(`${missing.join(', ')} not here: scripts/setup-dev-env.sh --with ceph`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const config = (dir, fsid, mon, rgw) => `[global]
fsid = ${fsid}
mon initial members = a
mon host = v2:127.0.0.1:${mon}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
keyring = ${dir}/keyring
run dir = ${dir}/run
admin socket = ${dir}/run/$cluster-$name.asok
pid file = ${dir}/run/$name.pid
log file = ${dir}/log/$name.log
crash dir = ${dir}/crash
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default pg autoscale mode = off
osd pool default pg num = 1
osd pool default pgp num = 1
paxos propose interval = 0.02
paxos min wait = 0.01
[mon]
mon data = ${dir}/mon
mon cluster log file = ${dir}/log/cluster.log
mon data avail crit = 1
mon data avail warn = 2
[osd]
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class load list = *
osd class default list = *
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${rgw}
rgw data = ${dir}/rgw
rgw zone = default
rgw dns name = localhost
rgw s3 auth use sts = true
rgw sts key = abcdefghijklmnop
rgw enable apis = s3, sts, iam, admin
rgw thread pool size = 64
`;

export class Ceph {
  static async start() {
    needCeph();
    const ceph = new Ceph();
    ceph.dir = tempDir();
    for (const name of ['mon', 'osd', 'rgw', 'run', 'log', 'crash']) fs.mkdirSync(path.join(ceph.dir, name));
    const [mon, rgw] = [await freePort(), await freePort()];
    ceph.conf = path.join(ceph.dir, 'ceph.conf');
    ceph.endpoint = `http://127.0.0.1:${rgw}`;
    const fsid = randomUUID();
    fs.writeFileSync(ceph.conf, config(ceph.dir, fsid, mon, rgw));
    atEnd(() => ceph.stop());
    ceph.keys();
    ceph.monitor(fsid, mon);
    await ceph.store();
    await ceph.gateway();
    return ceph;
  }

  run(program, args, input) {
    const done = spawnSync(program, args, { encoding: 'utf8', input, timeout: 60000, env: { ...process.env, CEPH_CONF: this.conf } });
    if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.error ?? ''}${done.stderr}`);
    return done.stdout;
  }

  ceph(...args) {
    return this.run('ceph', ['-c', this.conf, '--connect-timeout', '20', ...args]);
  }

  admin(...args) {
    return JSON.parse(this.run('radosgw-admin', ['-c', this.conf, ...args]));
  }

  file(name) {
    return path.join(this.dir, name);
  }

  keys() {
    const caps = { 'mon.': ['mon', 'allow *'],
      'client.admin': ['mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *'],
      'osd.0': ['mon', 'allow profile osd', 'osd', 'allow *'],
      'client.rgw.a': ['mon', 'allow rw', 'osd', 'allow rwx'] };
    for (const [name, list] of Object.entries(caps)) {
      const flags = [];
      for (let i = 0; i < list.length; i += 2) flags.push('--cap', list[i], list[i + 1]);
      this.run('ceph-authtool', [...(name === 'mon.' ? ['--create-keyring'] : []), this.file('keyring'), '--gen-key', '-n', name, ...flags]);
    }
  }

  monitor(fsid, port) {
    this.run('monmaptool', ['-c', this.conf, '--create', '--clobber', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${port}]`, this.file('monmap')]);
    this.run('ceph-mon', ['-c', this.conf, '--mkfs', '-i', 'a', '--monmap', this.file('monmap'), '--keyring', this.file('keyring')]);
    this.run('ceph-mon', ['-c', this.conf, '-i', 'a', '--pid-file', this.file('run/mon.pid')]);
  }

  async store() {
    const id = randomUUID();
    const key = this.run('ceph-authtool', [this.file('keyring'), '-n', 'osd.0', '-p']).trim();
    this.ceph('osd', 'new', id);
    this.run('ceph-osd', ['-c', this.conf, '-i', '0', '--mkfs', '--osd-uuid', id, '--key', key]);
    this.ceph('osd', 'crush', 'add-bucket', 'h1', 'host');
    this.ceph('osd', 'crush', 'move', 'h1', 'root=default');
    this.ceph('osd', 'crush', 'add', 'osd.0', '1.0', 'host=h1');
    this.run('ceph-osd', ['-c', this.conf, '-i', '0', '--pid-file', this.file('run/osd.pid')]);
    await until('the OSD', () => this.ceph('osd', 'stat').includes('1 up'), 30000, 200);
  }

  async gateway() {
    this.run('radosgw', ['-c', this.conf, '-n', 'client.rgw.a', '--keyring', this.file('keyring'), '--pid-file', this.file('run/rgw.pid')]);
    await until('the gateway', () => fetch(this.endpoint).then(() => true, () => false), 60000, 100);
  }

  async stop() {
    const pids = ['rgw', 'osd', 'mon'].map((name) => this.file(`run/${name}.pid`)).filter(fs.existsSync)
      .map((file) => Number(fs.readFileSync(file, 'utf8')));
    const kill = (pid, signal) => {
      try {
        process.kill(pid, signal);
        return true;
      } catch {
        return false;
      }
    };
    for (const pid of pids) kill(pid, 'SIGTERM');
    await until('Ceph to stop', () => !pids.some((pid) => kill(pid, 0)), 10000, 50).catch(() => pids.forEach((pid) => kill(pid, 'SIGKILL')));
  }
}
