import type { IDataObject, IExecuteFunctions, INodeType } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { typesOfN8n } from '../helpers/engine';
import type { Example } from './run';
import { nodeThat, typeNamed } from '../helpers/nodeTypes';
import { errorOf, runExample, triggerOf } from './run';
import { useServices } from './services';

interface Page {
	title: string;
	message: string;
}

/** n8n's Form node, which shows its page to the test instead of waiting for a browser. */
function formsShownTo(pages: Page[]): TypeSource {
	const type = 'n8n-nodes-base.form';
	const own = typesOfN8n().node(type)!;
	const execute = async (context: IExecuteFunctions) => {
		const text = (name: string) => context.getNodeParameter(name, 0) as string;
		pages.push({ title: text('completionTitle'), message: text('completionMessage') });
		return [context.getInputData()];
	};
	return typeNamed(type, Object.assign(Object.create(own) as INodeType, { execute }));
}

/** The answer of the approver, as n8n gives it when the execution goes on. */
function answered(answer: IDataObject): TypeSource {
	return typeNamed(
		'n8n-nodes-base.emailSend',
		nodeThat(async () => [[{ json: answer }]]),
	);
}

describe('workflows/rotate-one-on-demand.json', () => {
	const services = useServices([10, 20]);
	let pages: Page[];
	beforeEach(() => {
		pages = [];
	});

	const onDemand = (tunnel: string, ...types: TypeSource[]): Example => {
		const { notify, vault, credentials } = services();
		const { chat_url, mail_from } = notify;
		return {
			file: 'rotate-one-on-demand.json',
			settings: { chat_url, mail_from, approver: 'lead@example.org' },
			credentials,
			types: [triggerOf('n8n-nodes-base.formTrigger'), formsShownTo(pages), ...types],
			input: [{ json: { Tunnel: tunnel, Reason: 'the router was stolen', 'Your Name': 'Ada' } }],
			subWorkflow: {
				file: 'rotate-given-tunnels.json',
				settings: { vault_url: vault.secretsUrl },
				credentials,
			},
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
		expect(await vault.secret(simulator.tunnels()[1]!.id)).toEqual({ current: second });
		const sentence = `The new PSK of tunnel '${nameOf(1)}' is live at Cloudflare, and Cloudflare's tunnel list confirms it.`;
		expect(pages).toEqual([
			{
				title: 'The tunnel has a new key',
				message: `${sentence} The router finds it in the vault.`,
			},
		]);
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

	it('says that the rotation stopped', async () => {
		const { vault } = services();
		const before = keys();
		await vault.addFault({ method: 'GET', status: 503 });
		await runExample(onDemand(nameOf(1), answered({ data: { approved: true } })));
		expect(keys()).toEqual(before);
		expect(pages).toEqual([
			{
				title: 'The key needs a look',
				message: expect.stringMatching(
					/^The rotation stopped: The vault answered HTTP 503 for tunnel [0-9a-f]{32}\. No key was changed\./,
				) as string,
			},
		]);
	});
});
