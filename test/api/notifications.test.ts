import {
	createPolicy,
	createWebhook,
	deletePolicy,
	deleteWebhook,
	getPolicy,
	getWebhook,
	listAlertHistory,
	listPolicies,
	listWebhooks,
} from '../../nodes/api/alerting';
import { isAlertingId, isStatus404, pathTo, saysNotThere } from '../../nodes/api/alertingCalls';
import type { CloudflareClient } from '../../nodes/api/client';
import type { Failure } from '../../nodes/api/failure';
import { CallError } from '../../nodes/api/failure';
import { useAccount } from '../helpers/account';
import { answerFault, statusFault } from '../helpers/answer';
import { clientOf, failing, ID } from '../helpers/client';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Operation } from '../simulator';

/** The calls to Cloudflare's Notifications: what counts as an answer, and what an error says. */

const account = useAccount({ tunnels: 1, seed: 9 });

useVirtualClock();

const UUID = '01234567-89ab-CDEF-0123-456789abcdef';

const WEBHOOK = { name: 'x', url: 'https://n8n.example.com/', secret: 'a secret of the webhook' };

const HISTORY = { since: '2026-11-21T10:00:00Z', page: 1, per_page: 5 };

type Case = [operation: Operation, action: string, call: (c: CloudflareClient) => Promise<unknown>];

const LISTS: Case[] = [
	['listWebhooks', 'list the webhook destinations', (c) => listWebhooks(c)],
	['listPolicies', 'list the notification policies', (c) => listPolicies(c)],
	['listAlertHistory', 'read the history of notifications', (c) => listAlertHistory(c, HISTORY)],
];

const MADE: Case[] = [
	['createWebhook', 'create the webhook destination', (c) => createWebhook(c, WEBHOOK)],
	['createPolicy', 'create the notification policy', (c) => createPolicy(c, {} as never)],
];

const GOT: Case[] = [
	['getWebhook', `get the webhook destination ${ID}`, (c) => getWebhook(c, ID)],
	['getPolicy', `get the notification policy ${ID}`, (c) => getPolicy(c, ID)],
];

const DELETED: Case[] = [
	['deleteWebhook', `delete the webhook destination ${ID}`, (c) => deleteWebhook(c, ID)],
	['deletePolicy', `delete the notification policy ${ID}`, (c) => deletePolicy(c, ID)],
];

const answering = (operation: Operation, result: unknown) => {
	account().faults.add(answerFault(operation, result, { times: Infinity }));
	return clientOf(account());
};

describe('a list', () => {
	it.each(LISTS)('%s is what was answered', async (operation, _, call) => {
		const list = [{ id: ID, name: 'one' }, { id: UUID }];
		expect(await call(answering(operation, list))).toEqual(list);
	});

	it.each(LISTS)('%s is none of another form', async (operation, action, call) => {
		for (const result of [undefined, {}, 'x', [null], [{ id: ID }, 5]]) {
			const error = await failing(call(answering(operation, result)));
			expect(error.message).toBe(
				`Could not ${action}: the answer has an unexpected form (no list)`,
			);
			expect(error.effect).toBe('none');
			account().faults.clear();
		}
	});

	it.each(LISTS.slice(0, 2))(
		'%s is none with an entry without an id',
		async (operation, _, call) => {
			const error = await failing(call(answering(operation, [{ id: ID }, { id: 'x' }])));
			expect(error.message).toContain('(no id)');
		},
	);
});

describe('what is made', () => {
	it.each(MADE)('%s gives the id', async (operation, _, call) => {
		expect(await call(answering(operation, { id: UUID, name: 'x' }))).toBe(UUID);
	});

	it.each(MADE)(
		'%s is not known without an id, and is not made twice',
		async (operation, action, call) => {
			const error = await failing(call(answering(operation, { id: 'x' })));
			expect(error.message).toBe(`Could not ${action}: the answer has an unexpected form (no id)`);
			expect(error.effect).toBe('unknown');
			expect(account().requests).toHaveLength(1);
		},
	);

	it.each(MADE)('%s is not repeated after a lost answer', async (operation, _, call) => {
		account().faults.add({ kind: 'reset', when: 'after', operation, times: Infinity });
		expect((await failing(call(clientOf(account())))).effect).toBe('unknown');
		expect(account().requests).toHaveLength(1);
	});

	it('tells nobody the secret of the webhook', async () => {
		const message = `bad secret ${WEBHOOK.secret}`;
		account().faults.add(statusFault('createWebhook', 400, 17003, { message }));
		const error = await failing(createWebhook(clientOf(account()), WEBHOOK));
		expect(error.description).toContain('left out');
		expect(JSON.stringify([error, error.description])).not.toContain(WEBHOOK.secret);
	});
});

describe('one thing', () => {
	it.each(GOT)('%s is the one that was asked for', async (operation, _, call) => {
		expect(await call(answering(operation, { id: ID, name: 'x' }))).toEqual({ id: ID, name: 'x' });
	});

	it.each(GOT)('%s is no other one', async (operation, action, call) => {
		for (const result of [{ id: UUID }, {}, null]) {
			const error = await failing(call(answering(operation, result)));
			expect(error.message).toBe(
				`Could not ${action}: the answer has an unexpected form (another id than the one asked for)`,
			);
			account().faults.clear();
		}
	});

	it.each([...GOT, ...DELETED, ...LISTS])(
		'%s is repeated after a lost answer',
		async (operation, _, call) => {
			account().faults.add({ kind: 'reset', when: 'after', operation });
			await call(clientOf(account())).catch(() => undefined);
			expect(account().requests).toHaveLength(2);
		},
	);

	it.each([...GOT, ...DELETED])(
		'%s says what failed, and never asks for the id of none',
		async (operation, action, call) => {
			account().faults.add(statusFault(operation, 403, 10000, { message: 'no' }));
			const error = await failing(call(clientOf(account())));
			expect(error.message).toBe(`Could not ${action}: Cloudflare refused the request (HTTP 403)`);
			account().resetRequests();
			for (const one of [getWebhook, getPolicy, deleteWebhook, deletePolicy]) {
				await expect(one(clientOf(account()), '../x')).rejects.toThrow('a UUID');
			}
			expect(account().requests).toEqual([]);
		},
	);
});

describe('a refusal', () => {
	const described = async (status: number, code: number) => {
		account().faults.add(statusFault('createWebhook', status, code, { message: 'x' }));
		return (await failing(createWebhook(clientOf(account()), WEBHOOK))).description;
	};

	it.each<[number, number, string]>([
		[403, 10000, "'Notifications Write' or 'Account Settings Write'"],
		[400, 17003, "Check 'SLO'"],
		[400, 17004, "can't subscribe to this alert type"],
		[400, 17102, 'Activate the workflow again'],
		[400, 17103, 'The policy needs a filter'],
		[400, 0, "n8n's address"],
		[401, 4242, "'Notifications Write'"],
		[403, 4242, 'firewall or gateway'],
		[404, 4242, 'Check the Base URL and the Account ID.'],
	])('with %d and the code %d has a remedy', async (status, code, words) => {
		expect(await described(status, code)).toContain(words);
	});

	it('with the code 0 says nothing of the address where no webhook is made', async () => {
		account().faults.add(statusFault('createPolicy', 400, 0, { message: 'x' }));
		const error = await failing(createPolicy(clientOf(account()), {} as never));
		expect(error.description).not.toContain("n8n's address");
	});
});

describe('what is not there', () => {
	const errorWith = (facts: Partial<Failure>) =>
		new CallError({ action: 'x', effect: 'none', what: 'x', ...facts });

	it.each<[Partial<Failure>, boolean]>([
		[{ code: 15000 }, true],
		[{ code: 0, detail: 'Webhook Not Found' }, true],
		[{ code: 0, detail: 'notfound' }, false],
		[{ code: 0, detail: 'cannot foundation' }, false],
		[{ code: 0 }, false],
		[{ code: 1, detail: 'not found' }, false],
		[{ detail: 'not found' }, false],
	])('is so by Cloudflare, who says %j: %s', (facts, is) => {
		expect(saysNotThere(errorWith(facts))).toBe(is);
	});

	it('is so by a 404', () => {
		expect(isStatus404(errorWith({ httpCode: '404' }))).toBe(true);
		expect(isStatus404(errorWith({ httpCode: '400' }))).toBe(false);
	});

	it.each([new Error('not found'), { failure: { code: 15000, httpCode: '404' } }, undefined])(
		'is not known by what is no error of a call',
		(error) => {
			expect([saysNotThere(error), isStatus404(error)]).toEqual([false, false]);
		},
	);
});

describe('an id', () => {
	it.each([ID, UUID])('%s goes into a path', (id) => {
		expect([isAlertingId(id), pathTo('/policies', id)]).toEqual([true, `/policies/${id}`]);
	});

	it.each<unknown>(['', 'x', `${UUID}0`, `x${ID}`, ID.slice(1), `${ID.slice(1)}/`, 5, [ID]])(
		'%j does not',
		(id) => {
			expect(isAlertingId(id)).toBe(false);
			expect(() => pathTo('/policies', id as string)).toThrow(RangeError);
		},
	);
});
