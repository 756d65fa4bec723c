import { expect } from 'chai';
import fc from 'fast-check';
import { count, duration, size, time } from '../../src/api/page/figures.ts';
import { escapeHtml, html } from '../../src/api/page/html.ts';
import { statusPage } from '../../src/api/page/status.ts';
import { tracePage } from '../../src/api/page/trace.ts';
import { hostile, messages, status, trace } from './context.ts';

describe('pages', () => {
  it('escape whatever is put in', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.to.match(/[<>"']/);
        expect(escaped.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))).to.equal(text);
      }),
    );
    expect(html`<b title="${'"'}">${['<', html`<i>${1}</i>`, undefined, false]}</b>`.text).to.equal(
      '<b title="&#34;">&#60;<i>1</i></b>',
    );
  });

  it('hold no text of a message, name or receiver as markup, wherever it stands', () => {
    const channels = status.channels.map((channel) => ({ ...channel, name: hostile, to: [hostile] }));
    const destinations = status.destinations.map((each) => ({ ...each, name: hostile, kind: hostile }));
    const list = messages.map((message) => ({
      ...message,
      id: hostile,
      type: hostile,
      control_id: hostile,
      sender: hostile,
      state: hostile,
      error: hostile,
      received_at: hostile,
      deliveries: { [hostile]: 1 },
    }));
    const pages = [
      statusPage({ ...status, site: hostile, channels, destinations }, list).text,
      tracePage({ ...trace, id: hostile, state: hostile, sender: hostile, body: hostile }, true).text,
    ];
    for (const text of pages) expect(text).not.to.match(/<img|onerror="|&(?!#\d+;)/);
  });

  it('show what validation found, and how much more there was', () => {
    const finding = {
      severity: 'error',
      rule: 'field-required',
      path: 'PID-5',
      condition: '101',
      says: hostile,
    };
    const { text } = tracePage({ ...trace, findings: [finding], more_findings: 7 }, false);
    expect(text).to.include('<code>PID-5</code>').and.include('field-required').and.include('and 7 more');
    expect(text).not.to.match(/<img/);
    expect(tracePage(trace, false).text).not.to.include('Findings');
  });

  it('use no inline script and no style attribute, which the policy forbids', () => {
    for (const text of [statusPage(status, messages).text, tracePage(trace, true).text]) {
      expect(text).not.to.match(/ style="| on\w+="|<script(?! src="\/assets\/live\.js")/);
    }
  });

  it('draw one line for each way from a channel to a destination', () => {
    expect(statusPage(status, []).text.match(/<path /g)).to.have.length(4);
  });

  it('are there for a site with nothing in it', () => {
    const text = statusPage({ ...status, channels: [], destinations: [] }, []).text;
    expect(text).to.include('No channel is running.').and.include('None yet.');
  });

  it('write figures for people', () => {
    expect([count(1_234_567), size(999), size(1432), size(20_000_000)]).to.deep.equal([
      '1,234,567',
      '999 B',
      '1.4 kB',
      '20.0 MB',
    ]);
    expect([0, 999, 3400, 310_000, 7_500_000, 273_600_000].map(duration)).to.deep.equal([
      '0 ms',
      '999 ms',
      '3.4 s',
      '5 min 10 s',
      '2 h 5 min',
      '3 d 4 h',
    ]);
    expect(time('2026-03-01T10:00:00+01:00').text).to.include('2026-03-01 09:00:00.000 UTC');
  });
});
