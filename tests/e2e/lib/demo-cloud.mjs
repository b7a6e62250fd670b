// The cloud of scripts/demo.
//   serve ISSUER WALLET LABEL     starts one that trusts the issuer, with a role for the account; prints "ENDPOINT ROLE", and
//                                 ends when its standard input does. Where it cannot be: exit 77, and why
//   use ENDPOINT ROLE WALLET LABEL <TOKEN    what the token is worth there: its own prefix, and nobody else's
import fs from 'node:fs';
import { assert, cleanUp, Skip } from './check.mjs';
import { Cloud, needCloud, operator } from './cloud.mjs';

async function serve(issuer, wallet, label) {
  needCloud();
  const cloud = await Cloud.start();
  await cloud.trust(issuer);
  process.stdout.write(`${cloud.endpoint} ${await cloud.role(wallet, [label], [issuer])}\n`);
  await new Promise((resolve) => { process.stdin.on('end', resolve).resume(); });
}

async function use(endpoint, role, wallet, label) {
  const cloud = new Cloud(endpoint);
  const session = await cloud.credentials(role, fs.readFileSync(0, 'utf8').trim());
  console.log(`the cloud's STS gave ${session.AccessKeyId.slice(0, 6)}… until ${session.Expiration}`);
  const own = `data/${wallet}/${label}/note`;
  assert.deepEqual([await cloud.put(session, own), await cloud.get(session, own)], [200, 200]);
  console.log(`wrote and read ${own.replace(wallet, '<wallet>')}`);
  for (const key of [`data/${wallet}/agent-2/note`, `data/0x${'b'.repeat(40)}/${label}/note`, `vault/${wallet}/blob`]) {
    assert.equal(await cloud.put(operator, key), 200);
    assert.deepEqual([await cloud.put(session, key), await cloud.get(session, key)], [403, 403], key);
    console.log(`refused ${key.replace(wallet, '<wallet>')}`);
  }
}

const [verb, ...args] = process.argv.slice(2);
let status = 0;
process.on('SIGTERM', () => void cleanUp().then(() => process.exit(1)));
try {
  await { serve, use }[verb](...args);
} catch (error) {
  status = error instanceof Skip ? 77 : 1;
  console.error(error.message);
}
await cleanUp();
process.exit(status);
