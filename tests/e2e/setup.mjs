#!/usr/bin/env node
// scripts/setup-dev-env.sh on machines of each package manager: what it would install, that --check only reports, that a second run
// installs nothing and says so. The managers here keep their arguments and "install" what the probes look for.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, test } from './lib/check.mjs';
import { root, tempDir } from './lib/worker.mjs';

const script = path.join(root, 'scripts/setup-dev-env.sh');
const columns = ['apt', 'dnf', 'pacman', 'brew'];
const rows = [...fs.readFileSync(script, 'utf8').matchAll(/^(base|more|tpm|ceph|pages|barbican) *\|(.+)$/gm)].map(([, group, rest]) => {
  const [probe, ...names] = rest.split('|').map((part) => part.trim());
  return { group, probe, names: Object.fromEntries(columns.map((column, at) => [column, names[at]])) };
});
const namesOf = (manager, groups = ['base', 'more']) => [...new Set(rows.filter((row) => groups.includes(row.group)).map((row) => row.names[manager]).filter((name) => !['-', 'none'].includes(name)))];
const tools = ['bash', 'cat', 'tr', 'awk', 'find', 'head', 'cut', 'dirname', 'mkdir', 'ln', 'rm', 'cp', 'env', 'touch', 'sh', 'openssl', 'uname'];

// A machine with nothing but the shell's tools and one package manager.
class Machine {
  constructor(manager, { uid = 0, sudo = false, fails = false, npm = '' } = {}) {
    this.dir = tempDir();
    this.bin = this.path('bin');
    this.npm = npm;
    for (const name of ['bin', 'scripts', 'tests/e2e/node', 'later', 'prefix/opt/llvm/bin', 'lists']) fs.mkdirSync(this.path(name), { recursive: true });
    fs.copyFileSync(script, this.path('scripts/setup-dev-env.sh'));
    for (const name of ['package.json', 'package-lock.json']) for (const folder of ['', 'node/']) fs.writeFileSync(this.path(`tests/e2e/${folder}${name}`), '{}');
    for (const name of tools) fs.symlinkSync(this.which(name), path.join(this.bin, name));
    this.program('id', `echo ${uid}`);
    if (sudo) this.program('sudo', 'echo "sudo $*" >>"$RECORD"; [ "$1" = -n ] && shift; [ "$1" = true ] || exec "$@"');
    // What installing brings: each command of the table, a pkg-config that finds all, a gcc with all headers, clang's runtime.
    const commands = rows.filter((row) => ['base', 'more'].includes(row.group) && row.probe.startsWith('cmd:') && row.names[manager] !== '-').map((row) => row.probe.slice(4));
    for (const name of commands.filter((one) => !tools.includes(one))) this.program(name, this.body(name), 'later');
    const name = manager === 'apt' ? 'apt-get' : manager;
    this.program(name, `case "$1" in --prefix) echo "${this.path('prefix')}"; exit ;; esac
echo "${name} $*" >>"$RECORD"
case "$1" in update|-Sy) exit ;; esac
${fails ? 'exit 1' : `cp ${this.path('later')}/* ${this.bin}/`}`);
  }

  path(name) {
    return path.join(this.dir, name);
  }

  which(name) {
    return spawnSync('bash', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  }

  program(name, body, folder = 'bin') {
    fs.writeFileSync(this.path(`${folder}/${name}`), `#!${this.which('sh')}\n${body}\n`, { mode: 0o755 });
  }

  body(name) {
    if (name === 'clang') return `mkdir -p ${this.dir}/rt; touch ${this.dir}/rt/libclang_rt.fuzzer.a; echo ${this.dir}/rt`;
    if (name === 'npm') return `echo "npm $*" >>"$RECORD"; mkdir -p node_modules; case $PWD in ${this.npm || '*/node) mkdir node_modules/bin; touch node_modules/bin/node'} ;; esac`;
    return name === 'gcc' ? 'cat >/dev/null' : 'exit 0'; // it reads the header's name
  }

  // {status, text, calls: what managers were asked}
  run(...args) {
    fs.writeFileSync(this.path('record'), '');
    const done = spawnSync(this.which('bash'), [this.path('scripts/setup-dev-env.sh'), ...args], { encoding: 'utf8', timeout: 60000,
      env: { PATH: this.bin, HOME: this.dir, RECORD: this.path('record'), PACMAN_LISTS: this.path('lists') } });
    return { status: done.status, text: done.stdout + done.stderr, calls: fs.readFileSync(this.path('record'), 'utf8').split('\n').filter(Boolean) };
  }
}

const firstCalls = {
  apt: ['apt-get update -qq', 'apt-get install -y --no-install-recommends'],
  dnf: ['dnf install -y --setopt=install_weak_deps=False'],
  pacman: ['pacman -Sy', 'pacman -S --needed --noconfirm'],
  brew: ['brew install'],
};

await main(async () => {
  await test('the table: a name, - or none in each column', () => {
    assert.ok(rows.length > 45, `${rows.length} rows`);
    for (const { probe, names } of rows)
      for (const manager of columns) assert.match(names[manager] ?? '', /^(-|[a-z0-9][a-zA-Z0-9.+@-]*|ShellCheck)$/, `${probe}: ${manager}`);
    for (const manager of columns) assert.ok(namesOf(manager).length > 20, manager);
  });

  for (const manager of columns) {
    await test(`${manager}: --check reports, the first run installs what the table says, the second nothing`, () => {
      const machine = new Machine(manager);
      const checked = machine.run('--check');
      assert.equal(checked.status, 1, checked.text);
      assert.deepEqual(checked.calls, []);
      for (const name of namesOf(manager).filter((one) => !/^(ca-certificates|openssl(@3)?|glibc|libc6-dev|glibc-devel)$/.test(one)))
        assert.ok(checked.text.includes(`(${name})`), `${name} is not reported\n${checked.text}`);
      const first = machine.run('--no-build');
      assert.equal(first.status, 0, first.text);
      const wanted = firstCalls[manager];
      const asked = first.calls.filter((call) => !call.startsWith('npm'));
      assert.deepEqual(asked.slice(0, -1), wanted.slice(0, -1));
      assert.ok(asked.at(-1).startsWith(`${wanted.at(-1)} `), asked.at(-1));
      const named = asked.at(-1).slice(wanted.at(-1).length + 1).split(' ');
      const there = rows.filter((row) => row.group === 'base' && ['cmd:openssl', 'bundle:/etc/ssl/certs'].includes(row.probe)).map((row) => row.names[manager]);
      assert.deepEqual(named, namesOf(manager).filter((one) => named.includes(one) || !there.includes(one)));
      assert.deepEqual(first.calls.filter((call) => call.startsWith('npm')), ['npm ci --no-progress --loglevel=error', 'npm ci --no-progress --loglevel=error']);
      const second = machine.run('--no-build');
      assert.equal(second.status, 0, second.text);
      assert.deepEqual(second.calls, []);
      assert.match(second.text, /setup: nothing to install\n$/);
      const again = machine.run('--check');
      assert.equal(again.status, 0, again.text);
      assert.match(again.text, /setup: nothing is missing\n$/);
    });
  }

  await test('one missing program: that package only, and no lists are fetched twice', () => {
    const machine = new Machine('pacman');
    assert.equal(machine.run('--no-build').status, 0);
    fs.writeFileSync(machine.path('lists/core.db'), '');
    fs.rmSync(path.join(machine.bin, 'jq'));
    assert.deepEqual(machine.run('--no-build').calls, ['pacman -S --needed --noconfirm jq']);
  });

  await test('--needed leaves out what one test or benchmark asks for; the full run brings it', () => {
    const machine = new Machine('dnf');
    const first = machine.run('--no-build', '--needed').calls.find((call) => call.startsWith('dnf')).split(' ');
    for (const name of ['awscli2', 'softhsm', 'opensc']) assert.ok(!first.includes(name), name);
    assert.ok(first.includes('openssl-devel'));
    for (const name of ['aws', 'softhsm2-util', 'pkcs11-tool']) fs.rmSync(path.join(machine.bin, name));
    assert.equal(machine.run('--check', '--needed').status, 0);
    assert.equal(machine.run('--check').status, 1);
    assert.deepEqual(machine.run('--no-build', '--needed', '--with', 'ceph').calls.at(-1), 'dnf install -y --setopt=install_weak_deps=False ceph-mon ceph-osd ceph-radosgw ceph-common awscli2');
  });

  await test('what nobody packages is named, and is no success', () => {
    const machine = new Machine('pacman');
    assert.equal(machine.run('--no-build').status, 0);
    const done = machine.run('--no-build', '--with', 'ceph');
    assert.equal(done.status, 1);
    assert.deepEqual(done.calls, []);
    assert.match(done.text, /not found, and nothing more to install here: cmd:ceph-mon cmd:ceph-osd cmd:radosgw cmd:ceph\n$/);
    assert.match(machine.run('--check', '--with', 'ceph').text, /missing: ceph-mon \(not packaged for pacman\)/);
  });

  await test('not root: by sudo, or a line to type; a manager that fails; none at all', () => {
    const helped = new Machine('dnf', { uid: 1000, sudo: true });
    const done = helped.run('--no-build');
    assert.equal(done.status, 0, done.text);
    assert.match(done.calls.find((call) => call.startsWith('sudo') && call.includes('install')), /^sudo -n dnf install -y /);
    const alone = new Machine('dnf', { uid: 1000 }).run('--no-build');
    assert.equal(alone.status, 1);
    assert.match(alone.text, /Run as root, then start this again: dnf install -y /);
    assert.match(new Machine('apt', { uid: 1000 }).run('--no-build').text, /start this again: apt-get update -qq && env .*apt-get install -y .* gcc .*\n$/);
    assert.match(new Machine('pacman', { uid: 1000 }).run('--no-build').text, /start this again: pacman -Sy && pacman -S /);
    assert.equal(new Machine('brew', { uid: 1000 }).run('--no-build').status, 0); // refuses root, asks for nothing
    assert.notEqual(new Machine('dnf', { fails: true }).run('--no-build').status, 0);
    const bare = new Machine('apt');
    fs.rmSync(path.join(bare.bin, 'apt-get'));
    const nothing = bare.run('--no-build');
    assert.equal(nothing.status, 1);
    assert.match(nothing.text, /no apt, dnf, pacman or brew here\. Install by hand what Debian calls: .*libssl-dev/);
  });

  await test('npm: what it did not bring is named, and asked for again', () => {
    for (const [npm, what] of [['*/none) ', 'Node.js 24'], ['*/node) exit 1', 'Node.js 24'], ['*/node) mkdir node_modules/bin; touch node_modules/bin/node;; *) exit 1', 'the test clients']]) {
      const machine = new Machine('dnf', { npm });
      for (const again of [1, 2]) {
        const done = machine.run('--no-build');
        assert.equal(done.status, 1, done.text);
        assert.ok(done.text.includes(`setup: npm did not bring ${what}. What npm lacks`), `${again}: ${done.text}`);
      }
    }
  });

  await test('options: unknown ones and groups are refused', () => {
    const machine = new Machine('apt');
    assert.equal(machine.run('--nothing').status, 1);
    assert.equal(machine.run('--with', 'nothing').status, 1);
    assert.equal(machine.run('--with').status, 1);
    assert.match(machine.run('--help').text, /^usage: scripts\/setup-dev-env\.sh/);
    assert.deepEqual(machine.run('--help').calls, []);
  });
});
