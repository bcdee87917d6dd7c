"use strict";
/**
 * Carrier APIs on localhost for tests: a Seatrial sandbox for each test. Thin over the admin API, nothing but Node.
 *
 * ```ts
 * const server = await Server.start();
 * const sandbox = await server.sandbox({ seed: 7 });
 * // … call the code under test with sandbox.url("shippo") and sandbox.credential("shippo", "token") …
 * await sandbox.clock.advance("72h");
 * await sandbox.expect([{ call: "shippo.CreateTransaction", count: 1 }]);
 * await sandbox.delete();
 * await server.stop();
 * ```
 *
 * With Vitest, Jest or `node:test`, {@link withSandbox} does all of that for one test.
 */
Object.defineProperty(exports, "__esModule", { value: true });
exports.withSandbox = exports.sharedServer = exports.Server = exports.UnmetExpectations = exports.Sandbox = exports.Parcels = exports.Clock = exports.Inbox = exports.Unreachable = exports.Problem = exports.Admin = void 0;
var admin_js_1 = require("./admin.js");
Object.defineProperty(exports, "Admin", { enumerable: true, get: function () { return admin_js_1.Admin; } });
Object.defineProperty(exports, "Problem", { enumerable: true, get: function () { return admin_js_1.Problem; } });
Object.defineProperty(exports, "Unreachable", { enumerable: true, get: function () { return admin_js_1.Unreachable; } });
var inbox_js_1 = require("./inbox.js");
Object.defineProperty(exports, "Inbox", { enumerable: true, get: function () { return inbox_js_1.Inbox; } });
var sandbox_js_1 = require("./sandbox.js");
Object.defineProperty(exports, "Clock", { enumerable: true, get: function () { return sandbox_js_1.Clock; } });
Object.defineProperty(exports, "Parcels", { enumerable: true, get: function () { return sandbox_js_1.Parcels; } });
Object.defineProperty(exports, "Sandbox", { enumerable: true, get: function () { return sandbox_js_1.Sandbox; } });
Object.defineProperty(exports, "UnmetExpectations", { enumerable: true, get: function () { return sandbox_js_1.UnmetExpectations; } });
var server_js_1 = require("./server.js");
Object.defineProperty(exports, "Server", { enumerable: true, get: function () { return server_js_1.Server; } });
var testing_js_1 = require("./testing.js");
Object.defineProperty(exports, "sharedServer", { enumerable: true, get: function () { return testing_js_1.sharedServer; } });
Object.defineProperty(exports, "withSandbox", { enumerable: true, get: function () { return testing_js_1.withSandbox; } });
