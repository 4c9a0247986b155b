import { generateKeys } from '../../nodes/CloudflareMagicIpsec/psk/generateKeys';
import type { CloudflareClient } from '../../nodes/api/client';
import { CallError } from '../../nodes/api/failure';
import type { Target } from '../../nodes/CloudflareMagicIpsec/keys/target';

/** An answer in which nothing can be looked for. */
const UNREADABLE = {
	get psk(): string {
		throw new RangeError('Maximum call stack size exceeded');
	},
};

function targetOf(id: string, answer: () => unknown): Target {
	const send = async () => await Promise.resolve().then(answer);
	return {
		itemIndex: 0,
		client: { send, unexpected: () => new Error('no key') } as unknown as CloudflareClient,
		tunnel: { id, name: id } as Target['tunnel'],
		validateOnly: false,
	};
}

describe('an answer of Generate in which no key can be looked for', () => {
	it('is an unknown outcome, and the keys of the others are kept', async () => {
		const good = () => ({ result: { psk: 'the-key-of-another-tunnel' }, body: {} });
		const bad = () => {
			const failure = { action: 'generate a PSK', effect: 'refused', what: 'no' } as const;
			throw new CallError(failure, UNREADABLE);
		};
		const targets = [good, bad, good].map((answer, n) => targetOf(`${n}`.repeat(32), answer));
		const attempts = await generateKeys(targets, 1, 3);
		expect(attempts.map(({ psk }) => psk)).toEqual([
			'the-key-of-another-tunnel',
			undefined,
			'the-key-of-another-tunnel',
		]);
	});
});
