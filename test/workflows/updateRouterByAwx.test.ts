import type { IDataObject, IRun } from 'n8n-workflow';
import { useShiftedDate } from '../helpers/shiftedDate';
import type { Awx } from '../stubs/awx';
import { startAwx } from '../stubs/awx';
import { errorOf, itemsOf, runExample } from './run';
import { waitsThat } from './waits';

const ID = '0123456789abcdef0123456789abcdef';

const JOB = {
	ipsec_tunnel_id: ID,
	tunnel_name: 'paris-a',
	vault_path: `magic-ipsec/${ID}`,
	vault_version: '7',
	changed_at: '2026-11-21T10:00:00Z',
};

const OTHER = { ...JOB, ipsec_tunnel_id: ID.replace('0', 'f'), tunnel_name: 'oslo-a' };

describe('workflows/update-router-by-awx.json', () => {
	const date = useShiftedDate();
	let awx: Awx;

	beforeEach(async () => {
		awx = await startAwx();
	});

	afterEach(async () => {
		await awx.close();
	});

	const update = async (jobs: IDataObject[], token = awx.token): Promise<IRun> => {
		const run = await runExample({
			file: 'update-router-by-awx.json',
			settings: { awx_url: awx.url },
			credentials: { httpBearerAuth: { token } },
			types: [waitsThat((ms) => date.pass(ms))],
			input: jobs.map((json) => ({ json })),
		});
		expect(errorOf(run)).toBeUndefined();
		return run;
	};

	const answers = async (...given: Parameters<typeof update>) =>
		itemsOf(await update(...given), 'Answers');

	const failure = (reason: unknown) => ({
		ipsec_tunnel_id: ID,
		ok: false,
		ike_sa_made_at: '',
		reason,
	});

	it('launches a job for each router, limited to it, and takes from it when the IKE SA was made', async () => {
		const found = await answers([JOB, OTHER]);
		expect(found).toMatchObject([
			{ ipsec_tunnel_id: ID, ok: true, reason: '' },
			{ ipsec_tunnel_id: OTHER.ipsec_tunnel_id, ok: true, reason: '' },
		]);
		expect(awx.jobs.map(({ limit }) => limit)).toEqual(['paris-a', 'oslo-a']);
		for (const [index, { finished }] of awx.jobs.entries()) {
			expect(Date.parse(String(found[index]!.ike_sa_made_at))).toBe(Date.parse(finished!) - 3000);
		}
	});

	it('hands over where the key is, and never a key', async () => {
		await answers([{ ...JOB, psk: 'a key that is nobody else’s business' }]);
		const { ipsec_tunnel_id, ...others } = JOB;
		expect(awx.jobs[0]!.extra_vars).toEqual({ tunnel_id: ipsec_tunnel_id, ...others });
	});

	it.each([{ ask_limit_on_launch: false }, { ask_variables_on_launch: false }])(
		'launches nothing from a template with %j',
		async (asking) => {
			Object.assign(awx.template, asking);
			expect(await answers([JOB])).toEqual([
				failure(
					'No job was launched: its template has to ask for the limit and for variables on launch.',
				),
			]);
			expect(awx.jobs).toEqual([]);
		},
	);

	it.each([
		['limit', { ask_limit_on_launch: false }],
		['extra_vars', { ask_variables_on_launch: false }],
	])('cancels a job whose launch ignored %s', async (field, asking) => {
		Object.assign(awx.template, asking, { isShownAsAsking: true });
		expect(await answers([JOB])).toEqual([
			failure(`The job 100 was canceled: AWX ignored ${field}.`),
		]);
		expect(awx.jobs).toMatchObject([{ status: 'canceled' }]);
	});

	it.each([
		['refuses what it does not ask for', { ask_limit_on_launch: false, unasked: 'refused' }],
		['can not be launched', { isLaunchable: false }],
	])('tells that a template %s', async (_what, change) => {
		Object.assign(awx.template, change, { isShownAsAsking: true });
		expect(await answers([JOB])).toEqual([
			failure(expect.stringMatching(/^AWX launched no job, or its answer was lost: /)),
		]);
		expect(awx.jobs).toEqual([]);
	});

	it.each([
		['failed', 'The job 100 ended as failed. A host was unreachable.'],
		['error', 'The job 100 ended as error. A host was unreachable.'],
		['canceled', 'The job 100 ended as canceled. A host was unreachable.'],
	] as const)('tells of a job that ends as %s', async (status, reason) => {
		awx.ending = () => ({ status, job_explanation: 'A host was unreachable.' });
		expect(await answers([JOB])).toEqual([failure(reason)]);
	});

	it.each([
		['nothing, as with a limit that matches no host', {}],
		['another tunnel', { tunnel_id: OTHER.ipsec_tunnel_id, ike_sa_age: 3 }],
		['no number', { tunnel_id: ID, ike_sa_age: 'new' }],
		['a time in the future', { tunnel_id: ID, ike_sa_age: -3 }],
	])('does not believe a successful job that tells %s', async (_what, artifacts) => {
		awx.ending = () => ({ status: 'successful', artifacts });
		expect(await answers([JOB])).toEqual([
			failure(
				'The job 100 was successful, but told no age of an IKE SA of this tunnel: its limit may match no host.',
			),
		]);
	});

	it('cancels a job that does not end in time, and goes on with the next router', async () => {
		const { ending } = awx;
		awx.ending = (job) => (job.limit === 'paris-a' ? { status: 'running' } : ending(job));
		expect(await answers([JOB, OTHER])).toMatchObject([
			failure('The job 100 was canceled: it had not ended after 10 min.'),
			{ ok: true },
		]);
		expect(awx.jobs).toMatchObject([{ status: 'canceled' }, { status: 'successful' }]);
	});

	it.each(['all', 'paris-a,oslo-a', 'paris*', '!paris-a', '~paris', 'a:b', '', 'a\n'])(
		'launches nothing for the limit %j, which is not one host',
		async (tunnel_name) => {
			expect(await answers([{ ...JOB, tunnel_name }])).toEqual([
				failure(`No job was launched: '${tunnel_name}' is not the name of one host.`),
			]);
			expect(awx.jobs).toEqual([]);
		},
	);

	it('tells that AWX does not take its token', async () => {
		expect(await answers([JOB], 'another')).toEqual([
			failure(expect.stringMatching(/^AWX did not show the job template: .*401/)),
		]);
	});
});
