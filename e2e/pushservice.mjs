// A push service on this machine, with a browser that has subscribed to it:
// Chromium has none here. What the server sends is decrypted as RFC 8291 says,
// so that it can be given to a page's service worker.
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { until } from './server.mjs';

export class PushService {
  got = []; // what the browser was sent, decrypted, with its headers
  answer = 201;
  #http;
  #ecdh = createECDH('prime256v1');
  #auth = randomBytes(16);

  static async start() {
    const s = new PushService();
    s.#ecdh.generateKeys();
    s.#http = createServer((q, r) => void s.#take(q, r));
    s.#http.listen(0, '127.0.0.1');
    await once(s.#http, 'listening');
    return s;
  }

  // subscription is the browser's, as pushManager.subscribe gives it.
  get subscription() {
    return {
      endpoint: `http://127.0.0.1:${this.#http.address().port}/push/1`,
      keys: { p256dh: this.#ecdh.getPublicKey('base64url'), auth: this.#auth.toString('base64url') },
    };
  }

  async #take(q, r) {
    const parts = [];
    for await (const part of q) parts.push(part);
    if (this.answer < 300) {
      this.got.push({ notice: JSON.parse(this.#open(Buffer.concat(parts))), topic: q.headers.topic, urgency: q.headers.urgency });
    }
    r.statusCode = this.answer;
    r.end();
  }

  #open(body) {
    const salt = body.subarray(0, 16);
    const sender = body.subarray(21, 21 + body[20]);
    const sealed = body.subarray(21 + body[20]);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#ecdh.getPublicKey(), sender]);
    const material = hkdfSync('sha256', this.#ecdh.computeSecret(sender), this.#auth, info, 32);
    const key = hkdfSync('sha256', material, salt, 'Content-Encoding: aes128gcm\0', 16);
    const nonce = hkdfSync('sha256', material, salt, 'Content-Encoding: nonce\0', 12);
    const open = createDecipheriv('aes-128-gcm', Buffer.from(key), Buffer.from(nonce));
    open.setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([open.update(sealed.subarray(0, -16)), open.final()]);
    return padded.subarray(0, padded.lastIndexOf(2)).toString();
  }

  // next waits for the n-th that was got, from 1.
  async next(n) {
    await until(`the push message ${n}`, () => this.got.length >= n);
    return this.got[n - 1];
  }

  close() { this.#http.close(); this.#http.closeAllConnections(); }
}

// subscribing has a context's pages subscribe to the service: the browser's own
// push service is somewhere in the internet.
export function subscribing(context, service) {
  return context.addInitScript((json) => {
    const key = 'test.subscribed';
    const made = (options) => ({
      endpoint: json.endpoint,
      options,
      toJSON: () => json,
      async unsubscribe() { localStorage.removeItem(key); return true; },
    });
    PushManager.prototype.subscribe = async (options) => {
      if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new TypeError('no browser takes these options');
      localStorage.setItem(key, '1');
      return made(options);
    };
    PushManager.prototype.getSubscription = async () => (localStorage.getItem(key) ? made({}) : null);
  }, service.subscription);
}
