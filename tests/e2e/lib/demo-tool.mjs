// Small tools of scripts/demo: what a stranger would use to check us, and a byte flipper.
//   siwe DOMAIN ADDRESS          prints a fresh Sign-In with Ethereum text
//   verify FILE                  checks {address, siwe, siwe_signature, message, message_signature} with siwe and viem
//   flip DB EXPORT               flips one bit inside an entry of the stored ledger; prints the entry's index
//   record IDENTITY TRACE... EXPORT OUT  writes every request and answer, the export and its checkpoint as one document
//   check FILE                   recomputes all of such a document (record.mjs), with nothing of ours running
import fs from 'node:fs';
import { SiweMessage, generateNonce } from 'siwe';
import { getAddress, verifyMessage } from 'viem';
import { checkRecord, makeRecord } from './record.mjs';

function siwe(domain, address) {
  const now = Date.now();
  const message = new SiweMessage({
    domain, address: getAddress(address), statement: 'Agent of alice signs in.', uri: `https://${domain}/login`,
    version: '1', chainId: 1, nonce: generateNonce(), issuedAt: new Date(now).toISOString(),
    expirationTime: new Date(now + 600000).toISOString(),
  });
  process.stdout.write(message.prepareMessage());
}

async function verify(file) {
  const v = JSON.parse(fs.readFileSync(file, 'utf8'));
  const parsed = new SiweMessage(v.siwe);
  const bySiwe = await parsed.verify({ signature: v.siwe_signature, domain: parsed.domain, nonce: parsed.nonce });
  const byViem = await verifyMessage({
    address: getAddress(v.address), message: v.message, signature: v.message_signature });
  const siweByViem = await verifyMessage({
    address: getAddress(v.address), message: v.siwe, signature: v.siwe_signature });
  if (!bySiwe.success || !byViem || !siweByViem) throw new Error('a signature does not verify');
  console.log(`npm siwe: ${parsed.domain} signed in as ${parsed.address}`);
  console.log('npm viem: both signatures are by the derived address');
}

function flip(db, exported) {
  const file = fs.readFileSync(db);
  const lines = fs.readFileSync(exported, 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  for (const line of lines.filter((l) => l.entry).reverse()) {
    const entry = Buffer.from(line.entry, 'hex');
    const at = file.indexOf(entry);
    if (at < 0) continue;
    const middle = at + (entry.length >> 1);
    const fd = fs.openSync(db, 'r+');
    fs.writeSync(fd, Buffer.from([file[middle] ^ 1]), 0, 1, middle);
    fs.closeSync(fd);
    console.log(line.index);
    return;
  }
  throw new Error('no entry lies in one piece in the file');
}

function record(args) {
  const [identity, out] = [args.shift(), args.pop()];
  const exported = fs.readFileSync(args.pop(), 'utf8');
  const traces = args.filter((file) => fs.existsSync(file)).map((file) => fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(out, JSON.stringify(makeRecord(traces, exported, identity), null, 1) + '\n');
}

async function check(file) {
  const done = await checkRecord(JSON.parse(fs.readFileSync(file, 'utf8')));
  console.log(`recomputed: ${done.entries} entries in a log of ${done.size}, ${done.answers} answers with their entries, ${done.signatures} signatures, `
    + `${done.approvals} changes as their device signed them, ${done.releases} tokens and credentials, ${done.refusals} refusals, ${done.checkpoints} consistency proofs`);
}

const [verb, ...args] = process.argv.slice(2);
if (verb === 'siwe') siwe(...args);
else if (verb === 'verify') await verify(...args);
else if (verb === 'flip') flip(...args);
else if (verb === 'record') record(args);
else if (verb === 'check') await check(...args);
else throw new Error('siwe | verify | flip | record | check');
