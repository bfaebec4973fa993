// How long it is from `new Client` to the first message.

// first is the milliseconds of n times, one after the other, in a page whose
// code is loaded and warm: a client is made, connects, joins a channel from its
// beginning, and is given the one message that is in it.
export async function first(page, options, n) {
  return page.evaluate(measure, [options, n]);
}

async function measure([{ channel, position, ...options }, n]) {
  const { Client } = await import('/sdk/client/index.js');
  const warm = 10;
  const times = [];
  for (let i = 0; i < warm + n; i++) {
    const begun = performance.now();
    const client = new Client(options);
    const message = new Promise((done) => client.on('message', done));
    await client.joinChannel(channel, { position });
    await message;
    if (i >= warm) times.push(performance.now() - begun);
    client.disconnect();
    await new Promise((done) => setTimeout(done, 50)); // the connection's end is not the next one's time
  }
  return times;
}
