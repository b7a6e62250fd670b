#!/usr/bin/env node
// The pages in Chromium at 360x640 and 1280x800: the whole way with the keyboard alone, no horizontal scroll, no violation of the policy,
// nothing of another origin, contrast at least 4.5, and without script too.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, SignIn, freePort } from '../lib/broker.mjs';
import { assert, atEnd, main, skip, test } from '../lib/check.mjs';
import { Device } from '../lib/device.mjs';
import { LyingProvider } from '../lib/provider.mjs';
import { Worker, tempDir } from '../lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';
const sizes = [{ width: 360, height: 640 }, { width: 1280, height: 800 }];
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

// In the page: the lowest contrast of any text on what lies behind it. WCAG 2.2, 1.4.3.
function contrast() {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  let lowest = 21;
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) || element.tagName === 'INPUT';
    if (!own || !element.checkVisibility()) continue;
    const pair = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    lowest = Math.min(lowest, (pair[0] + 0.05) / (pair[1] + 0.05));
  }
  return lowest;
}

await main(async () => {
  if (!executablePath) skip('there is no Chromium; scripts/setup-dev-env.sh --with pages installs it');
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ dir }).start();
  const provider = await new LyingProvider(dir).start(await freePort(), 'keys-pages', '');
  const file = path.join(dir, 'oauth2.conf');
  writeFileSync(file, `[acme]\nissuer = ${provider.issuer}\nclient_id = keys-pages\nca_file = ${provider.authority}\n`, { mode: 0o600 });
  const broker = new Broker({ dir, port: await freePort(), issuer, workerSocket,
    args: ['--oauth2-providers', 'acme', '--oauth2-file', file, '--mail-url', `smtp://127.0.0.1:${sink.port}`, '--mail-starttls=off', '--mail-from', 'keys@demo.example', '--limit-mails-per-hour', '60'] });
  broker.init();
  const worker = new Worker({ dir, env: { AGENTKEYS_ISSUER: issuer }, args: ['--broker-socket', workerSocket, '--broker-url', broker.url, '--broker-key', broker.pub] });
  worker.init();
  await worker.start();
  await broker.start();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  atEnd(() => browser.close());

  // A page whose every complaint and every foreign request is kept.
  const open = async (viewport, more = {}) => {
    const context = await browser.newContext({ viewport, ...more });
    const page = await context.newPage();
    page.bad = [];
    page.on('console', (message) => message.type() === 'error' && !/status of 4\d\d/.test(message.text()) && page.bad.push(message.text()));
    page.on('pageerror', (error) => page.bad.push(String(error)));
    page.on('request', (request) => request.url().startsWith(broker.url) || page.bad.push(request.url()));
    return page;
  };
  const look = async (page) => {
    const { wide, seen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth }));
    assert.ok(wide <= seen, `${wide} wide in ${seen}`);
    const lowest = await page.evaluate(contrast);
    assert.ok(lowest >= 4.5, `contrast ${lowest}`);
    assert.deepEqual(page.bad, []);
  };
  const asked = async () => {
    const who = new SignIn(broker, new Device());
    const address = `p${Math.random().toString(36).slice(2)}@demo.example`;
    assert.equal((await who.email(address)).status, 200);
    return { who, code: who.asked.body.match_code, mail: await sink.take(address) };
  };

  for (const viewport of sizes) {
    await test(`${viewport.width}x${viewport.height}: link, wrong code, right code, by keyboard alone`, async () => {
      const { who, code, mail } = await asked();
      const page = await open(viewport);
      await page.goto(`${broker.url}/auth/email#${mail.link}`);
      assert.equal(new URL(page.url()).hash, '', 'the link leaves the address');
      await look(page);
      await page.keyboard.type(code === 'AAAAAA' ? 'BBBBBB' : 'AAAAAA');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert]');
      await look(page);
      await page.keyboard.type(code.toLowerCase());
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BUTTON');
      await page.keyboard.press('Space');
      await page.waitForSelector('[role=status]');
      await look(page);
      assert.equal((await who.status()).body.state, 'verified');
      await page.context().close();
    });

    await test(`${viewport.width}x${viewport.height}: without script the link is pasted`, async () => {
      const { who, code, mail } = await asked();
      const page = await open(viewport, { javaScriptEnabled: false });
      await page.goto(`${broker.url}/auth/email`);
      await page.keyboard.press('Tab');
      await page.keyboard.type(`${broker.url}/auth/email#${mail.link}`);
      await page.keyboard.press('Tab');
      await page.keyboard.type(code);
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=status]');
      assert.deepEqual(page.bad, []);
      assert.equal((await who.status()).body.state, 'verified');
      await page.context().close();
    });

    await test(`${viewport.width}x${viewport.height}: an old link ends with a way on`, async () => {
      const { code, mail } = await asked();
      await broker.verify(mail, code);
      const page = await open(viewport);
      await page.goto(`${broker.url}/auth/email#${mail.link}`);
      await page.keyboard.type(code);
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert]');
      await look(page);
      assert.equal(await page.locator('form').count(), 0);
      await page.context().close();
    });
  }

  for (const viewport of sizes) {
    await test(`${viewport.width}x${viewport.height}: back from a provider, wrong code, right code, by keyboard alone, without script`, async () => {
      const who = new SignIn(broker, new Device());
      assert.equal((await who.oauth2('acme')).status, 200, who.asked.text);
      const code = who.asked.body.match_code;
      const page = await open(viewport, { javaScriptEnabled: false });
      await page.goto(provider.approve(who.asked.body.authorization_url));
      assert.match(await page.textContent('main'), /signed in at acme/);
      assert.deepEqual(page.bad, []);
      const focused = () => page.locator('#match_code:focus').count();
      if (!(await focused())) await page.keyboard.press('Tab');
      assert.equal(await focused(), 1);
      await page.keyboard.type(code === 'AAAAAA' ? 'BBBBBB' : 'AAAAAA');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert]');
      assert.ok(!page.url().includes('code='), 'the code leaves the address');
      if (!(await focused())) await page.keyboard.press('Tab');
      await page.keyboard.type(code);
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=status]');
      assert.deepEqual(page.bad, []);
      await page.context().close();
      const scripted = await open(viewport);
      const again = new SignIn(broker, new Device());
      await again.oauth2('acme');
      const address = provider.approve(again.asked.body.authorization_url);
      await scripted.goto(address);
      await look(scripted);
      await scripted.reload();
      await look(scripted);
      assert.equal(await scripted.locator('form').count(), 1, 'loaded again it is the same');
      await broker.confirm(await broker.comeBack(address), again.asked.body.match_code);
      await scripted.reload();
      await scripted.waitForSelector('[role=alert]');
      await look(scripted);
      assert.equal(await scripted.locator('form').count(), 0);
      await scripted.context().close();
    });
  }

  // A wallet as extensions put it into a page (EIP-1193, EIP-6963), with a real key behind it.
  const withWallet = async (viewport, account, { accounts = [account.address], announced = false, refuse } = {}) => {
    const page = await open(viewport);
    page.asked = [];
    await page.exposeFunction('akWallet', async (asked) => {
      page.asked.push(asked);
      if (asked.method === 'eth_requestAccounts') return accounts;
      return account.signMessage({ message: { raw: asked.params[0] } });
    });
    await page.addInitScript(({ announced, refuse }) => {
      const provider = { request: (asked) => (refuse ? Promise.reject(Object.assign(new Error('no'), { code: refuse })) : window.akWallet(asked)) };
      const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info: {}, provider }) }));
      if (announced) window.addEventListener('eip6963:requestProvider', announce);
      else window.ethereum = provider;
    }, { announced, refuse });
    return page;
  };
  const toSign = async (account) => {
    const who = new SignIn(broker, new Device());
    const { request_id, siwe_message } = (await who.walletStart(account.address)).body;
    return { who, request_id, text: siwe_message, link: `${broker.url}/auth/wallet#${Buffer.from(siwe_message).toString('base64url')}` };
  };

  for (const viewport of sizes) {
    await test(`${viewport.width}x${viewport.height}: a wallet of the browser signs, by keyboard alone, and the signature signs in`, async () => {
      const account = privateKeyToAccount(generatePrivateKey());
      const { who, request_id, text, link } = await toSign(account);
      const page = await withWallet(viewport, account, { announced: viewport === sizes[0] });
      const urls = [];
      page.on('request', (request) => urls.push(`${request.method()} ${request.url()}`));
      await page.goto(link);
      assert.equal(new URL(page.url()).hash, '', 'the text leaves the address');
      assert.equal(await page.textContent('#text'), text);
      await look(page);
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=status]');
      await look(page);
      const signature = await page.inputValue('#signature');
      assert.equal(await page.evaluate(() => getSelection().toString()), signature, 'ready to be copied');
      assert.deepEqual(page.asked.map((asked) => asked.method), ['eth_requestAccounts', 'personal_sign']);
      assert.deepEqual(urls.map((url) => url.replace(broker.url, '')), ['GET /auth/wallet', 'GET /assets/page.css', 'GET /assets/wallet.js'], 'nothing was sent');
      assert.equal((await who.walletVerify(request_id, signature)).body.state, 'verified');
      await page.context().close();
    });
  }

  await test('a wallet with another account, one that declines, none; a text that is no sign-in of a device', async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    const { text, link } = await toSign(account);
    const said = async (page, address = link) => {
      await page.goto(address);
      if (await page.locator('#sign').isVisible()) await page.click('#sign');
      await page.waitForSelector('[role=alert]:not([hidden])');
      await look(page);
      assert.equal(await page.locator('#signed').isVisible(), false);
      return page.textContent('[role=alert]');
    };
    const other = privateKeyToAccount(generatePrivateKey()).address;
    assert.match(await said(await withWallet(sizes[0], account, { accounts: [other] })), new RegExp(`choose ${account.address}`));
    assert.match(await said(await withWallet(sizes[0], account, { refuse: 4001 })), /You declined/);
    assert.match(await said(await open(sizes[1])), /no wallet/);
    const page = await withWallet(sizes[0], account);
    for (const bad of ['', text.replace('urn:agentkeys:device', 'urn:other:device'), text.replace('wants you', '<img src=x onerror=alert(1)> wants you')]) {
      await page.goto('about:blank');
      assert.match(await said(page, `${broker.url}/auth/wallet#${Buffer.from(bad).toString('base64url')}`), /not a whole address/);
    }
    assert.deepEqual(page.asked, [], 'the wallet was asked for nothing');
  });

  await test('what stands behind the # reaches no server', async () => {
    const { mail } = await asked();
    const page = await open(sizes[0]);
    const urls = [];
    page.on('request', (request) => urls.push(request.url() + JSON.stringify(request.headers())));
    await page.goto(`${broker.url}/auth/email#${mail.link}`);
    assert.ok(urls.length >= 3);
    for (const url of urls) assert.ok(!url.includes(mail.token), url);
    await page.context().close();
  });
});
