// Somebody with a page in which @parley/client runs.
import { until } from './server.mjs';

// User is one client in one page. There `client` is the client, `got` are the
// messages that it told of, as [seq, senderId, text], `seen` is everything else
// that was told, as [name, event], and `failed` the errors of what it sent.
export class User {
  // open makes the client and joins the channels. `prepare` runs in the page
  // before; what it leaves in `more` are further options, functions too.
  static async open(site, context, options, channels = [], prepare = () => {}) {
    const u = new User();
    u.page = await site.page(context);
    await u.page.evaluate(prepare);
    await u.page.evaluate(begin, [options, channels]);
    return u;
  }

  do(f, arg) { return this.page.evaluate(f, arg); }

  until(what, f, arg, most) { return until(what, () => this.page.evaluate(f, arg), most); }

  // talk begins to send n messages, one each so many milliseconds.
  talk(channel, name, n, every) {
    return this.do(([channel, name, n, every]) => {
      let i = 0;
      const timer = setInterval(() => {
        const text = `${name} ${i}`;
        client.sendMessage(channel, text).then((m) => { stored.push([m.seq, text]); }, (e) => { failed.push([text, e.code]); });
        if (++i === n) clearInterval(timer);
      }, every);
    }, [channel, name, n, every]);
  }

  got() { return this.do(() => got); }

  seen(name) { return this.do((name) => seen.filter(([n]) => n === name).map(([, e]) => e), name); }

  // states are what the connection went through.
  async states() { return (await this.seen('connection')).map((e) => e.state); }

  close() { return this.page.close(); }
}

// begin runs in the page.
async function begin([options, channels]) {
  const { Client } = await import('/sdk/client/index.js');
  Object.assign(globalThis, { got: [], seen: [], stored: [], failed: [] });
  globalThis.client = new Client({ rate: 0, backoff: { base: 20, cap: 200 }, ...options, ...globalThis.more });
  client.on('message', (m) => got.push([m.seq, m.senderId, m.text]));
  for (const name of ['connection', 'presence', 'level', 'read', 'delivered', 'status', 'call.state', 'expired', 'dropped']) {
    client.on(name, (e) => seen.push([name, e.error ? { ...e, code: e.error.code } : e]));
  }
  await Promise.all(channels.map((c) => client.joinChannel(c)));
}

// rows are messages as `got` has them.
export function rows(messages) {
  return messages.map((m) => [m.seq, m.senderId, m.text]);
}
