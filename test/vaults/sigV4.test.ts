import fc from 'fast-check';
import { signatureHeaders } from '../../nodes/vaults/sigV4';
import { officialSignature } from '../stubs/aws/signature';

/** Our Signature Version 4 beside that of AWS's own signer. */

const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const word = fc.stringMatching(/^[A-Za-z0-9]{1,20}$/);
const segment = fc
	.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 })
	.map((value) => encodeURIComponent(value).replace(/^\.+$/, 'dots'));
const headerValue = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const headers = fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}-[a-z]{1,8}$/), headerValue, {
	maxKeys: 4,
});

it('is the official signer’s for 2,000 random requests', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.record({
				method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
				host: fc.constantFrom('secretsmanager.eu-central-1.amazonaws.com', '127.0.0.1:8123', 'a.b'),
				path: fc.array(segment, { maxLength: 3 }),
				query: fc.dictionary(word, fc.array(text, { minLength: 1, maxLength: 2 }), { maxKeys: 3 }),
				headers,
				body: fc.oneof(text, fc.json()),
				accessKeyId: word,
				secretAccessKey: fc.string({ minLength: 1, maxLength: 50 }),
				sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,80}$/), { nil: undefined }),
				region: fc.constantFrom('eu-central-1', 'us-gov-west-1', 'cn-north-1'),
				service: fc.constantFrom('secretsmanager', 'iam', 'sts'),
				now: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
			}),
			async ({ method, host, path, query, body, service, now, ...rest }) => {
				const url = new URL(`https://${host}/${path.join('/')}`);
				for (const [name, values] of Object.entries(query)) {
					for (const value of values) url.searchParams.append(name, value);
				}
				const { sessionToken, accessKeyId, secretAccessKey, region } = rest;
				const keys = { accessKeyId, secretAccessKey, region };
				const official = await officialSignature(
					{ method, url, text: body, headers: { ...rest.headers, host: url.host } },
					{ ...keys, sessionToken },
					service,
					now,
				);
				const ours = signatureHeaders(
					{ method, url, headers: rest.headers, body },
					{ ...keys, service, sessionToken: sessionToken ?? '' },
					now,
				);
				expect(ours.authorization).toBe(official.headers.authorization);
				expect(ours['x-amz-date']).toBe(official.headers['x-amz-date']);
				expect(ours['x-amz-security-token']).toBe(sessionToken);
			},
		),
		{ numRuns: 2000 },
	);
});
