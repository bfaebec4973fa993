// Two people call each other by video through the door of threads: the server
// carries the signalling, the frames go from browser to browser.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { launch } from './browser.mjs';
import { Server, until } from './server.mjs';

let server, browser, site;

// page is a whole client: who opens it with `?user=` can be called, and calls
// by call(user). What it has come to is in `state`.
const page = `<!doctype html><meta charset="utf-8"><video id="theirs" autoplay playsinline muted></video><script>
const me = new URLSearchParams(location.search).get('user');
const socket = new WebSocket(new URLSearchParams(location.search).get('server'));
const state = { told: [], errors: [] };
let link, peer, early = [];
const send = (frame) => socket.send(JSON.stringify({ senderId: me, recipientId: peer, ...frame }));

async function open() {
  link = new RTCPeerConnection();
  link.onicecandidate = (e) => { if (e.candidate) send({ type: 'ice-candidate', candidate: e.candidate }); };
  link.ontrack = (e) => { document.querySelector('#theirs').srcObject = e.streams[0]; };
  const mine = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 160, height: 120, frameRate: 15 } });
  for (const track of mine.getTracks()) link.addTrack(track, mine);
}

async function describe(remote) {
  await link.setRemoteDescription(remote);
  for (const candidate of early.splice(0)) await link.addIceCandidate(candidate);
}

async function call(user) {
  peer = user;
  send({ type: 'call_initiated', video: true });
  await open();
  await link.setLocalDescription();
  send({ type: 'offer', offer: link.localDescription });
}

function hangUp() { send({ type: 'call_ended' }); }

const on = {
  call_initiated(frame) { peer = frame.senderId; },
  async offer(frame) {
    await open();
    await describe(frame.offer);
    await link.setLocalDescription();
    send({ type: 'answer', answer: link.localDescription });
  },
  answer(frame) { return describe(frame.answer); },
  'ice-candidate'(frame) {
    if (link?.remoteDescription) return link.addIceCandidate(frame.candidate);
    early.push(frame.candidate);
  },
  call_ended() { link.close(); },
  error(frame) { state.errors.push(frame); },
};

// Frames are worked off one after the other, as they came.
let work = Promise.resolve();
socket.onmessage = (m) => {
  const frame = JSON.parse(m.data);
  state.told.push(frame.type);
  work = work.then(() => on[frame.type]?.(frame)).catch((e) => state.errors.push(String(e)));
};
socket.onopen = () => send({ type: 'user_connected', userId: me });

// frames are how many of the other's pictures were decoded.
async function frames() {
  for (const s of (await link.getStats()).values()) if (s.type === 'inbound-rtp' && s.kind === 'video') return s.framesDecoded;
  return 0;
}
</script>`;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch([
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns', // there may be no other network
  ])]);
  site = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(page));
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
});
after(async () => {
  await browser?.close();
  site?.close();
  await server?.stop();
});

// visit opens the page for a user.
async function visit(context, user) {
  const tab = await context.newPage();
  const at = server.url.replace('http', 'ws') + '/threads';
  await tab.goto(`http://127.0.0.1:${site.address().port}/?user=${user}&server=${encodeURIComponent(at)}`);
  await until(`${user} to be here`, () => tab.evaluate(() => state.told.includes('user_connected')));
  return tab;
}

test('two pages hold a call until pictures flow both ways, and hang up', async () => {
  const context = await browser.newContext();
  const [ada, bob] = [await visit(context, 'ada'), await visit(context, 'bob')];
  const phone = new WebSocket(server.url.replace('http', 'ws') + '/threads?userId=bob');
  const rung = [];
  phone.on('message', (data) => rung.push(JSON.parse(data).type));
  await once(phone, 'open');

  await ada.evaluate(() => call('bob'));
  for (const [name, tab] of [['ada', ada], ['bob', bob]]) {
    await until(`${name} to be connected`, () => tab.evaluate(() => link?.connectionState === 'connected'), 60000);
    await until(`${name} to see the other`, async () => (await tab.evaluate(() => frames())) > 10, 60000);
    await until(`${name} to be told that the call was accepted`, () => tab.evaluate(() => state.told.includes('call_accepted')));
  }
  const size = await bob.evaluate(() => [theirs.videoWidth, theirs.videoHeight]);
  assert.ok(size[0] > 0 && size[1] > 0, `the picture is ${size}`);
  await until('the telephone to stop ringing', () => rung.includes('call_accepted'));
  assert.deepEqual(rung.filter((t) => t.startsWith('call_')), ['call_initiated', 'call_accepted']);

  await ada.evaluate(() => hangUp());
  for (const tab of [ada, bob]) {
    await until('the end', () => tab.evaluate(() => link.connectionState === 'closed'));
    assert.deepEqual(await tab.evaluate(() => state.errors), []);
  }
  const kept = await until('the call to be kept', async () => {
    const r = await fetch(`${server.url}/v1/channels/${encodeURIComponent('dm:ada:bob')}/events?userId=ada`);
    return (await r.json()).events?.find((e) => e.type === 'call');
  });
  assert.deepEqual([kept.state, kept.callerId, kept.calleeId], ['ended', 'ada', 'bob']);
  phone.close();
  await context.close();
});
