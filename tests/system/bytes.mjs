// bytes.mjs — what goes in comes out: odd characters, every size that matters, three formats.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Network, NEAR } from './harness.mjs';

const net = await Network.start();
const echo = await net.guest('test/echo');
const bytes = await net.guest('test/bytes');
const ask = (args) => net.request(net.alice, args, { deposit: NEAR });
const digits = (n) => '0123456789'.repeat(n / 10 + 1).slice(0, n);

const texts = {
    nothing: '',
    'one letter': 'a',
    'a new line at the end': 'hello\n',
    quotes: '"she said \\"hi\\"" \\ / \\\\ \'x\'',
    unicode: 'žluťoučký kůň 🐎 𝄞 \u2028\u2029 \u00a0 ﷽ é e\u0301',
    'control characters': '\u0000\u0001\b\t\n\f\r\u001f\u007f',
    'something like an event': 'EVENT_JSON:{"standard":"near-outlayer"}',
    'json within json': JSON.stringify({ a: JSON.stringify({ b: '"\\"' }) }),
};
for (const [what, text] of Object.entries(texts)) {
    test(`text with ${what}`, async () => {
        const got = await ask({ source: echo, input_data: text });
        assert.equal(got.completed.success, true, got.completed.error_message);
        assert.equal(got.value, text);
    });
}

// 1,023 and 1,024: the payload of a resume; 9,999 and 10,000: the input leaves the event.
for (const size of [1, 1023, 1024, 9_999, 10_000, 100_000]) {
    test(`${size} bytes in and out`, async () => {
        const text = digits(size);
        const got = await ask({ source: echo, input_data: text });
        assert.equal(got.completed?.success, true, got.completed?.error_message ?? got.failureText);
        assert.equal(got.value, text);
        assert.equal(got.requested.input_data_in_state, size >= 10_000);
    });
}

for (const size of [0, 900, 1023, 1024, 1025, 100_000]) {
    test(`${size} bytes of output`, async () => {
        const got = await ask({ source: bytes, input_data: String(size) });
        assert.equal(got.completed?.success, true, got.completed?.error_message);
        assert.equal(got.value, digits(size));
    });
}

test('9,000 quotes: short, and yet too long for the log', async () => {
    const text = '"'.repeat(9_000);
    const got = await ask({ source: echo, input_data: text });
    assert.equal(got.value, text);
    assert.equal(got.requested.input_data_in_state, true);
});

test('Json is one canonical value', async () => {
    const json = (text) => ask({ source: echo, input_data: text, response_format: 'Json' });
    assert.equal((await json('{ "z": 1.0, "a": [1e3, 1e16, "\\u0041"], "a2":null }')).text,
        '{"a":[1000.0,1e16,"A"],"a2":null,"z":1.0}');
    assert.equal((await json(' 18446744073709551615 ')).text, '18446744073709551615');
    assert.equal((await json('"é"')).text, '"é"');
    const large = JSON.stringify({ list: Array.from({ length: 20_000 }, (_, i) => i) });
    assert.equal((await json(large)).text, large);
    for (const bad of ['', '{', 'nothing', '{"a":1} x', '[1,]', '"\\ud800"']) {
        const got = await json(bad);
        assert.equal(got.completed.success, false, bad);
        assert.match(got.completed.error_message, /Failed to parse output as JSON/);
    }
});

test('Bytes are base64', async () => {
    for (const text of ['', 'a', '"quoted"\u0000\u00ff', digits(2000)]) {
        const got = await ask({ source: echo, input_data: text, response_format: 'Bytes' });
        assert.equal(got.value, Buffer.from(text).toString('base64'));
    }
});
