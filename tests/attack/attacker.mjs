#!/usr/bin/env node
// The thief of everything: given folders of a worker (today's and every old copy), it opens what can be opened. Written from
// docs/formats/{sealed,keys,vault,ledger}.md alone; of the project's code it uses a CBOR reader of the tests.
//
//   attacker.mjs [--secret FILE] [--kek FILE...] --slots DIR... --data DIR...
//   (DIR: as copied; --secret: a master secret, 32 bytes or hex; --kek: keys of sealed states that a TEE gave out, 32 bytes)
//
// It reads every sealed state it can unseal, tries every erasure key it finds (slots and, byte by byte, all small files) on
// every epoch store, every master secret on every wrapped key, and what comes out on every blob. The result is JSON.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decode } from '../e2e/lib/cbor.mjs';

const empty = Buffer.alloc(0);
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const hkdf = (secret, info) => Buffer.from(crypto.hkdfSync('sha256', secret, empty, info, 32));

// AES-256-GCM with the tag behind the ciphertext; undefined where it does not open.
function open(key, nonce, aad, sealed) {
  if (sealed.length < 16) return undefined;
  try {
    const box = crypto.createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    box.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([box.update(sealed.subarray(0, -16)), box.final()]);
  } catch {
    return undefined;
  }
}

function* walk(dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* walk(file);
    else if (entry.isFile()) yield file;
  }
}

const loot = { secrets: new Map(), erasureKeys: new Map(), stores: new Map(), blobs: new Map(), ledgers: [], teeKeys: new Map(), small: [], sealed: [], keks: [] };

function look(file) {
  const size = fs.statSync(file).size;
  const name = path.basename(file);
  if (name === 'ledger.db') loot.ledgers.push(file);
  if (size === 0 || size > 1 << 20) return;
  const bytes = fs.readFileSync(file);
  const magic = bytes.subarray(0, 4).toString('latin1');
  if (magic === 'AKv1') loot.blobs.set(`${path.basename(name)}:${hex(crypto.hash('sha256', bytes, 'buffer'))}`, { file, bytes });
  else if (magic === 'AKes') loot.stores.set(hex(crypto.hash('sha256', bytes, 'buffer')), bytes);
  else if (bytes.subarray(0, 8).toString('latin1') === 'AKSEALED') loot.sealed.push(bytes);
  else {
    if (bytes.length === 32) loot.teeKeys.set(hex(bytes), bytes);
    if (size <= 4096) loot.small.push(bytes);
  }
}

// A slot's file is the backend's: raw, as a TPM's NV index holds it, or sealed under the software backend's key.
function slot(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.length === 32 || bytes.length === 64) loot.erasureKeys.set(hex(bytes.subarray(0, 32)), bytes.subarray(0, 32));
  if (bytes.length === 66 && bytes[0] === 1) loot.erasureKeys.set(hex(bytes.subarray(2, 34)), bytes.subarray(2, 34));
  for (const key of loot.teeKeys.values()) {
    for (const n of [0, 1]) {
      const opened = open(hkdf(key, 'agentkeys software tee slot v1'), bytes.subarray(0, 12), Buffer.concat([Buffer.from('slot'), Buffer.from([n])]), bytes.subarray(12));
      if (opened?.length >= 32) loot.erasureKeys.set(hex(opened.subarray(0, 32)), opened.subarray(0, 32));
    }
  }
}

function unseal(file) {
  const L = file.readUInt16BE(144);
  const blob = file.subarray(146, 146 + L);
  const body = file.subarray(150 + L);
  const keks = [...loot.teeKeys.values()].map((key) => open(hkdf(key, 'agentkeys software tee seal v1'), blob.subarray(0, 12), file.subarray(12, 20), blob.subarray(12)));
  for (const kek of [...keks, ...loot.keks]) {
    const state = kek && open(kek, file.subarray(132, 144), file.subarray(0, 150 + L), body);
    if (!state) continue;
    const roots = 8 + 16 + 16 + 1 + 8 + 8 + 32 + 2 + state.readUInt16BE(89);
    for (let i = 0; i < state[roots]; i++) {
      const secret = state.subarray(roots + 1 + 37 * i + 5, roots + 1 + 37 * (i + 1));
      loot.secrets.set(hex(secret), secret);
    }
  }
}

// Home wallet -> anchors, anchor -> labels.
function readLedgers(copies) {
  const accounts = new Map();
  for (const file of loot.ledgers) {
    const copy = path.join(copies, `${crypto.randomUUID()}.db`);
    for (const tail of ['', '-wal']) if (fs.existsSync(file + tail)) fs.copyFileSync(file + tail, copy + tail);
    const db = new DatabaseSync(copy);
    for (const { entries } of db.prepare('SELECT entries FROM batch').all()) {
      const segment = Buffer.from(entries);
      for (let at = 0; at < segment.length; at += 4 + segment.readUInt32BE(at)) {
        const map = decode(segment.subarray(at + 4, at + 4 + segment.readUInt32BE(at)));
        if (!map.get(3)) continue;
        const labels = accounts.get(hex(map.get(3))) ?? new Set(['']);
        if (typeof map.get(17) === 'string') labels.add(`/${map.get(17)}`);
        accounts.set(hex(map.get(3)), labels);
      }
    }
    db.close();
  }
  return accounts;
}

function* records(store, key) {
  const plain = open(key, store.subarray(28, 40), store.subarray(0, 40), store.subarray(40));
  for (let at = 0; plain && at + 128 <= plain.length; at += 128) {
    yield { anchor: plain.subarray(at, at + 32), epoch: plain.subarray(at + 32, at + 36), id: plain.subarray(at + 36, at + 68), nonce: plain.subarray(at + 68, at + 80), wrapped: plain.subarray(at + 80, at + 128) };
  }
}

// Every 32 bytes of every small file, in case a key lies about somewhere.
function* strays() {
  for (const bytes of loot.small) for (let at = 0; at + 32 <= bytes.length; at++) yield bytes.subarray(at, at + 32);
}

function dataKeys() {
  const found = new Map();
  for (const store of loot.stores.values()) {
    const keys = [...loot.erasureKeys.values(), Buffer.alloc(32), ...loot.secrets.values(), ...strays()];
    for (const key of keys) {
      for (const record of records(store, key)) {
        for (const secret of loot.secrets.values()) {
          const shield = hkdf(secret, 'agentkeys-service-v1:shielding/v1');
          const dek = open(shield, record.nonce, Buffer.concat([record.anchor, record.epoch, record.id]), record.wrapped);
          if (dek) found.set(hex(record.id), dek);
        }
      }
    }
  }
  return found;
}

function fields(...parts) {
  return Buffer.concat(parts.flatMap((part) => {
    const len = Buffer.alloc(2);
    len.writeUInt16BE(part.length);
    return [len, part];
  }));
}

function openBlob({ file, bytes }, keys, accounts) {
  const [wallet, service, epoch, name] = file.split(path.sep).slice(-4);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(Number(epoch));
  const header = bytes.subarray(0, 49);
  const own = keys.get(hex(header.subarray(5, 37)));
  for (const key of own ? [own] : []) {
    for (const [anchor, labels] of accounts) {
      for (const label of labels) {
        const about = fields(Buffer.from(anchor, 'hex'), Buffer.from(label), Buffer.from(service), number, Buffer.from(name.slice(0, 32), 'hex'), Buffer.from(wallet, 'hex'));
        const value = open(key, bytes.subarray(37, 49), Buffer.concat([header, about]), bytes.subarray(49));
        if (value) return { service, path: label, epoch: Number(epoch), blob: name.slice(0, 32), value: hex(crypto.hash('sha256', value, 'buffer')) };
      }
    }
  }
  return undefined;
}

function main(argv) {
  const given = { '--data': [], '--slots': [], '--secret': [], '--kek': [] };
  for (let i = 0, to; i < argv.length; i++) {
    if (argv[i] in given) to = given[argv[i]];
    else to.push(argv[i]);
  }
  for (const dir of given['--data']) for (const file of walk(dir)) look(file);
  for (const file of given['--secret']) {
    const bytes = fs.readFileSync(file);
    const secret = bytes.length === 32 ? bytes : Buffer.from(bytes.toString().trim(), 'hex');
    loot.secrets.set(hex(secret), secret);
  }
  loot.keks = given['--kek'].map((file) => fs.readFileSync(file));
  for (const dir of given['--slots']) for (const file of walk(dir)) slot(file);
  loot.sealed.forEach(unseal);
  const copies = fs.mkdtempSync(path.join(os.tmpdir(), 'ak-attacker-'));
  const accounts = readLedgers(copies);
  fs.rmSync(copies, { recursive: true });
  const keys = dataKeys();
  const blobs = [...loot.blobs.values()];
  const opened = blobs.map((blob) => openBlob(blob, keys, accounts)).filter(Boolean);
  console.log(JSON.stringify({
    secrets: loot.secrets.size, erasure_keys: loot.erasureKeys.size, stores: loot.stores.size, data_keys: keys.size, blobs: blobs.length, opened,
  }));
}

main(process.argv.slice(2));
