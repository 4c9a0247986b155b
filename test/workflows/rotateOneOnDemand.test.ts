import type { IDataObject } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import type { Page } from './pages';
import { formsShownTo } from './pages';
import type { Example } from './run';
import { nodeThat, typeNamed } from '../helpers/nodeTypes';
import { errorOf, runExample, triggerOf } from './run';
import { useServices } from './services';

/** The answer of the approver, as n8n gives it when the execution goes on. */
function answered(answer: IDataObject): TypeSource {
	return typeNamed(
		'n8n-nodes-base.emailSend',
		nodeThat(async () => [[{ json: answer }]]),
	);
}

/** Nothing listens on a port that the system keeps to itself. */
const DOWN = 'http://127.0.0.1:1/hooks/magic';

describe('workflows/rotate-one-on-demand.json', () => {
	const services = useServices([10, 20]);
	let pages: Page[];
	beforeEach(() => {
		pages = [];
	});

	const onDemand = (tunnel: string, ...types: TypeSource[]): Example => {
		const { notify, credentials } = services();
		const { chat_url, mail_from } = notify;
		return {
			file: 'rotate-one-on-demand.json',
			settings: { chat_url, mail_from, approver: 'lead@example.org' },
			credentials,
			types: [triggerOf('n8n-nodes-base.formTrigger'), formsShownTo(pages), ...types],
			input: [
				{
					json: {
						Tunnel: tunnel,
						Reason: 'the router was stolen',
						'Your Name': 'Ada',
						submittedAt: new Date().toISOString(),
					},
				},
			],
		};
	};
	const nameOf = (index: number) => services().simulator.tunnels()[index]!.name;
	const keys = () => {
		const { simulator } = services();
		return simulator.tunnels().map(({ id }) => simulator.liveKey(id));
	};

	it('asks the approver by e-mail, and waits with nothing changed', async () => {
		const { simulator, mailbox, chat, leaksIn } = services();
		const before = keys();
		const run = await runExample(onDemand(nameOf(1)));
		expect(errorOf(run)).toBeUndefined();
		expect(run.status).toBe('waiting');
		expect(keys()).toEqual(before);
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		const [mail] = mailbox.mails;
		expect(mail).toMatchObject({
			to: ['lead@example.org'],
			subject: `A new key for tunnel ${nameOf(1)}?`,
		});
		expect(mail!.body).toContain(`Ada asks for a new key for tunnel ${nameOf(1)}.`);
		expect(mail!.body).toContain('Reason: the router was stolen');
		for (const label of ['Rotate the key', 'Decline']) expect(mail!.body).toContain(label);
		expect(chat.messages).toEqual([]);
		expect(leaksIn([run, mailbox.mails])).toEqual([]);
	});

	it('rotates that one tunnel once it is approved, and shows no key', async () => {
		const { simulator, chat, vault, leaksIn } = services();
		const before = keys();
		const run = await runExample(
			onDemand(` ${nameOf(1)} `, answered({ data: { approved: true } })),
		);
		expect(errorOf(run)).toBeUndefined();
		const [first, second] = keys();
		expect(first).toBe(before[0]);
		expect(second).not.toBe(before[1]);
		const { id } = simulator.tunnels()[1]!;
		expect(await vault.secret(id)).toMatchObject({ current: second });
		const sentence = `The new PSK of tunnel '${nameOf(1)}' is live and current in the vault at 'magic-ipsec/${id}': its router has to fetch it.`;
		expect(pages).toEqual([{ title: 'The tunnel has a new key', message: sentence }]);
		expect(chat.messages).toEqual([`${sentence}\nAsked for by Ada: the router was stolen`]);
		expect(leaksIn([run, pages, chat.messages])).toEqual([]);
	});

	it.each([
		['declined', { data: { approved: false } }, 'A new key for tunnel NAME was declined.'],
		['not answered', {}, 'Nobody approved a new key for tunnel NAME within a day.'],
	])('changes nothing when the request was %s', async (_how, answer, text) => {
		const { simulator, chat } = services();
		const before = keys();
		const run = await runExample(onDemand(nameOf(1), answered(answer)));
		expect(errorOf(run)).toBeUndefined();
		expect(keys()).toEqual(before);
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		const said = text.replace('NAME', nameOf(1));
		expect(pages).toEqual([{ title: 'Nothing was changed', message: said }]);
		expect(chat.messages).toEqual([`${said}\nAsked for by Ada: the router was stolen`]);
	});

	it('asks nobody about a tunnel that is not there', async () => {
		const { mailbox } = services();
		const run = await runExample(onDemand('no-such-tunnel'));
		expect(errorOf(run)).toBeUndefined();
		expect(pages).toHaveLength(1);
		expect(pages[0]).toMatchObject({
			title: 'Nothing was changed',
			message: expect.stringMatching(/^The tunnel was not found\. /) as string,
		});
		expect(mailbox.mails).toEqual([]);
	});

	it('says that the vault is sealed, and changes nothing', async () => {
		const { vaultServer } = services();
		const before = keys();
		vaultServer.mode.sealed = true;
		await runExample(onDemand(nameOf(1), answered({ data: { approved: true } })));
		expect(keys()).toEqual(before);
		expect(pages).toHaveLength(1);
		expect(pages[0]!.title).toBe('The key needs a look');
		expect(pages[0]!.message).toMatch(
			new RegExp(`^The PSK of tunnel '${nameOf(1)}' was not changed: .*sealed`),
		);
	});

	it('says that a key that an earlier run left is older than the request, and a new one comes next', async () => {
		const { vault } = services();
		await vault.addFault({ method: 'POST', status: 403, skip: 1, times: 99 });
		await runExample(onDemand(nameOf(1), answered({ data: { approved: true } })));
		const [, first] = keys();
		await vault.clearFaults();
		await services().passLeases();
		const later = onDemand(nameOf(1), answered({ data: { approved: true } }));
		later.input![0]!.json.submittedAt = new Date(Date.now() + 3_600_000).toISOString();
		await runExample(later);
		expect(keys()[1]).toBe(first);
		expect(pages[1]!.title).toBe('The key needs a look');
		expect(pages[1]!.message).toMatch(/ But it is older than the request: /);
		await runExample(onDemand(nameOf(1), answered({ data: { approved: true } })));
		expect(keys()[1]).not.toBe(first);
		expect(pages[2]!.title).toBe('The tunnel has a new key');
	});

	it('says on the last page that the chat could not be reached', async () => {
		const example = onDemand(nameOf(1), answered({ data: { approved: true } }));
		await runExample({ ...example, settings: { ...example.settings, chat_url: DOWN } });
		expect(pages[0]!.title).toBe('The tunnel has a new key');
		expect(pages[0]!.message).toMatch(
			/ The chat could not be reached: tell the others yourself\.$/,
		);
	});
});
