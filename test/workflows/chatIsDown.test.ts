import { errorOf, runExample } from './run';
import { useServices } from './services';

/** Nothing listens on a port that the system keeps to itself. */
const DOWN = 'http://127.0.0.1:1/hooks/magic';

describe('a chat that can not be reached', () => {
	const services = useServices([120, null, 3]);

	it.each([
		['scheduled-rotation.json', {}, 'rotate-in-two-stages.json', { max_age_days: 90 }],
		[
			'emergency-rotation.json',
			{ confirmation: 'rotate all keys' },
			'rotate-given-tunnels.json',
			{},
		],
	])(
		'%s: the keys are where they belong, the e-mail goes out, and the run says so',
		async (file, own, sub, itsOwn) => {
			const { notify, credentials, simulator, vault, mailbox } = services();
			const run = await runExample({
				file,
				settings: { ...notify, ...own, chat_url: DOWN },
				credentials,
				subWorkflow: {
					file: sub,
					settings: { vault_url: vault.secretsUrl, ...itsOwn },
					credentials,
				},
			});
			expect(errorOf(run)).toMatch(/ECONNREFUSED|refused/);
			expect(run.data.resultData.lastNodeExecuted).toBe('Tell the Chat');
			const { id } = simulator.tunnels()[0]!;
			expect(await vault.secret(id)).toEqual({ current: simulator.liveKey(id) });
			expect(mailbox.mails).toHaveLength(1);
		},
	);

	it('weekly-key-age-report.json: the e-mail goes out, and the run says so', async () => {
		const { notify, credentials, mailbox } = services();
		const run = await runExample({
			file: 'weekly-key-age-report.json',
			settings: { ...notify, max_age_days: 90, chat_url: DOWN },
			credentials,
		});
		expect(errorOf(run)).toMatch(/ECONNREFUSED|refused/);
		expect(mailbox.mails).toHaveLength(1);
	});
});
