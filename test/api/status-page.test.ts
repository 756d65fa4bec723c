import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type ApiServer, createApi } from '../../src/api/server.ts';
import { fakeContext, status, token, trace } from './context.ts';

/** Debian's. */
const executablePath = '/usr/bin/chromium';

describe('status page in a browser', () => {
  let browser: Browser;
  let api: ApiServer;
  let page: Page;
  let site: string;
  /** Errors of scripts, and what the content security policy refused. */
  let complaints: string[];
  let received = 12_345;

  before(async () => {
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  after(() => browser.close());

  beforeEach(async () => {
    const { context } = fakeContext({
      status: async () => ({
        ...status,
        channels: status.channels.map((channel) => ({ ...channel, received })),
      }),
    });
    const options = { host: '127.0.0.1', port: 0, host_names: [], version: '0.1.0' };
    api = createApi(options, context);
    await api.start();
    site = `http://${api.address}`;
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });
  afterEach(async () => {
    await page.close();
    await api.stop(1000);
  });

  const logIn = async (path: string) => {
    await page.goto(`${site}${path}`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${site}${path}`);
  };

  it('logs in, shows live figures, and goes to a trace', async () => {
    await logIn('/');
    expect(await page.title()).to.equal('General Hospital · Pipehat');
    await page.getByRole('cell', { name: '12,345', exact: true }).first().waitFor();
    received = 12_400;
    await page.getByRole('cell', { name: '12,400', exact: true }).first().waitFor();

    await page.getByRole('link', { name: '2026-03-01 09:00:20.345 UTC' }).click();
    await page.getByRole('heading', { name: 'Its life' }).waitFor();
    expect(page.url()).to.equal(`${site}/messages/${trace.id}`);
    expect(await page.locator('img').count()).to.equal(0);

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${site}/login`);
    expect(complaints).to.deep.equal([]);
  });

  it('says when the engine is gone', async () => {
    await logIn('/');
    await api.stop(0);
    await page.getByText('The engine does not answer.').waitFor();
  });

  for (const width of [360, 1440]) {
    it(`fits into ${width} pixels`, async () => {
      await page.setViewportSize({ width, height: 800 });
      for (const path of ['/', `/messages/${trace.id}?bodies=true`]) {
        await (path === '/' ? logIn(path) : page.goto(`${site}${path}`));
        expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width);
      }
    });
  }

  it('shows the queues without a script or a font from elsewhere', async () => {
    const hosts = new Set<string>();
    page.on('response', (response) => hosts.add(new URL(response.url()).host));
    await logIn('/queues');
    await page.getByText('Pipehat queues').first().waitFor();
    expect([...hosts]).to.deep.equal([new URL(site).host]);
    expect(complaints.filter((each) => !each.includes('fonts.googleapis.com'))).to.deep.equal([]);
  });
});
