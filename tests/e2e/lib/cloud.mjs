// A cloud that trusts a worker as OIDC issuer: Ceph's STS and S3, set up as docs/aws.md says, asked by awscli and curl.
import { spawn, spawnSync } from 'node:child_process';
import { assert, skip } from './check.mjs';
import { Ceph, needCeph } from './ceph.mjs';
import { tempDir } from './worker.mjs';

export const audience = 'sts.amazonaws.com';
const bucket = 'cloud';
export const operator = { AccessKeyId: 'opkey', SecretAccessKey: 'opsecret' };
const host = (url) => new URL(url).host;
const providerArn = (issuer) => `arn:aws:iam:::oidc-provider/${host(issuer)}`;
export const roleOf = (wallet) => `agentkeys-${wallet.slice(2, 12)}`;

export function needCloud() {
  needCeph();
  if (spawnSync('aws', ['--version']).status !== 0) skip('awscli is not here');
}

function run(program, args, input, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 60000 });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve({ stdout, stderr }) : reject(new Error(`${program} ${args.join(' ')}: ${status} ${stderr}`))));
    child.stdin.end(input);
  });
}

export class Cloud {
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.home = tempDir();
  }

  // A cluster of its own, with an operator and the bucket.
  static async start() {
    const ceph = await Ceph.start();
    const cloud = new Cloud(ceph.endpoint);
    ceph.admin('user', 'create', '--uid', 'op', '--display-name', 'op', '--access-key', operator.AccessKeyId,
      '--secret', operator.SecretAccessKey, '--caps', 'roles=*;oidc-provider=*');
    await cloud.aws('s3api', 'create-bucket', '--bucket', bucket);
    return cloud;
  }

  // awscli as the operator: what docs/aws.md tells to type.
  aws(...args) {
    return run('aws', [...args, '--endpoint-url', this.endpoint, '--output', 'json'], '', {
      PATH: process.env.PATH, HOME: this.home, AWS_EC2_METADATA_DISABLED: 'true', AWS_DEFAULT_REGION: 'default',
      AWS_ACCESS_KEY_ID: operator.AccessKeyId, AWS_SECRET_ACCESS_KEY: operator.SecretAccessKey });
  }

  async trust(issuer) {
    await this.aws('iam', 'create-open-id-connect-provider', '--url', issuer, '--client-id-list', audience, '--thumbprint-list', '0'.repeat(40));
  }

  // The account's role: trusted by the wallet's tag, one statement an agent, each for its own prefix (docs/aws.md, Ceph).
  async role(wallet, labels, issuers) {
    const name = roleOf(wallet);
    const policy = (statements) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
    await this.aws('iam', 'create-role', '--role-name', name, '--assume-role-policy-document', policy(issuers.map((issuer) => ({
      Effect: 'Allow', Principal: { Federated: [providerArn(issuer)] }, Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
      Condition: { StringEquals: { 'aws:RequestTag/agentkeys_user_wallet': wallet } } }))));
    await this.aws('iam', 'put-role-policy', '--role-name', name, '--policy-name', 'own', '--policy-document', policy(labels.map((label) => ({
      Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: [`arn:aws:s3:::${bucket}/data/${wallet}/${label}/*`],
      Condition: { StringEquals: { 'aws:PrincipalTag/agentkeys_path': `/${label}` } } }))));
    return name;
  }

  // Asks the STS as any client does; {status, text, credentials}.
  async assume(role, jwt) {
    const answer = await fetch(this.endpoint, { method: 'POST', body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: `arn:aws:iam:::role/${role}`,
      RoleSessionName: 'agent', DurationSeconds: '900', WebIdentityToken: jwt }) });
    const text = await answer.text();
    const part = (name) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
    return { status: answer.status, text, AccessKeyId: part('AccessKeyId'), SecretAccessKey: part('SecretAccessKey'),
      SessionToken: part('SessionToken'), Expiration: part('Expiration') };
  }

  async credentials(role, jwt) {
    const got = await this.assume(role, jwt);
    assert.equal(got.status, 200, got.text);
    return got;
  }

  async refused(role, jwt) {
    const got = await this.assume(role, jwt);
    assert.ok(got.status >= 400 && got.status < 500, `${got.status} ${got.text}`);
    assert.equal(got.SecretAccessKey, undefined);
  }

  // One object through curl's own SigV4; the HTTP status.
  async s3(who, method, key, more = []) {
    const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', method, '--aws-sigv4', 'aws:amz:default:s3',
      '-K', '-', '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', ...more, `${this.endpoint}/${bucket}/${key}`],
    `user = "${who.AccessKeyId}:${who.SecretAccessKey}"\n${who.SessionToken ? `header = "x-amz-security-token: ${who.SessionToken}"\n` : ''}`);
    return Number(stdout);
  }

  put(who, key) {
    return this.s3(who, 'PUT', key, ['--data-binary', 'of the agent']);
  }

  get(who, key) {
    return this.s3(who, 'GET', key);
  }
}
