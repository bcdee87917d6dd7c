// The package as whoever has no modules requires it: Jest, without further settings.

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Server, withSandbox } = require("seatrial");

test("withSandbox gives a test a sandbox", withSandbox({ seed: 7 }, async (sandbox) => {
  assert.match(sandbox.credential("shippo", "token"), /^shippo_test_/);
  assert.deepEqual(await sandbox.calls(), []);
}));

test("a server is started and stopped", async () => {
  const server = await Server.start();
  await (await server.sandbox()).delete();
  await server.stop();
});
