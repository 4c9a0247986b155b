import type { Asked, StubServer } from './jsonServer';
import { jsonObjectOf, refuse, startJsonServer } from './jsonServer';

/**
 * The few calls of AWX (Automation Controller) that launch a job and follow it. Sources: ansible/awx
 * docs/prompting.md, awx_collection's job_launch.py, awx/main/constants.py, and the user guide on set_stats.
 */
export interface Awx extends StubServer {
	/** Base of the API, without a slash at its end. */
	readonly url: string;
	readonly token: string;
	/** Changes what the template is like. */
	readonly template: Template;
	/** Every job that was launched, oldest first. */
	readonly jobs: readonly Job[];
	/** What a job comes to once it has run; by default what a good playbook does. */
	ending: (job: Job) => Ending;
}

export interface Template {
	ask_limit_on_launch: boolean;
	ask_variables_on_launch: boolean;
	/** What becomes of a field that is not asked for: older versions ignore it, later ones refuse it. */
	unasked: 'ignored' | 'refused';
	/** Says that the template asks for everything, as if it was changed between two calls. */
	isShownAsAsking: boolean;
	isLaunchable: boolean;
}

export type Status =
	| 'pending'
	| 'waiting'
	| 'running'
	| 'successful'
	| 'failed'
	| 'error'
	| 'canceled';

export interface Ending {
	status: Status;
	/** By set_stats. */
	artifacts?: object;
	job_explanation?: string;
}

export interface Job {
	id: number;
	status: Status;
	/** Empty: it runs on all hosts. */
	limit: string;
	extra_vars: Record<string, unknown>;
	artifacts: object;
	job_explanation: string;
	finished: string | null;
}

const TOKEN = 'a token of AWX';
const TEMPLATE = 42;
const BASE = '/api/v2';

/** Starts a strict stand-in with the job template 42; every look at a job brings it one state further. */
export async function startAwx(): Promise<Awx> {
	const jobs: Job[] = [];
	const template: Template = {
		ask_limit_on_launch: true,
		ask_variables_on_launch: true,
		unasked: 'ignored',
		isShownAsAsking: false,
		isLaunchable: true,
	};
	const launch = (request: Asked) => {
		const { limit, extra_vars, ...others } = jsonObjectOf(request);
		if (Object.keys(others).length > 0) refuse(400, `unknown: ${Object.keys(others).join(', ')}`);
		if (!template.isLaunchable) refuse(405, 'This template can not be launched.');
		const given = { limit, extra_vars };
		const isAsked = {
			limit: template.ask_limit_on_launch,
			extra_vars: template.ask_variables_on_launch,
		};
		const ignored = (['limit', 'extra_vars'] as const).filter(
			(name) => given[name] !== undefined && !isAsked[name],
		);
		if (ignored.length > 0 && template.unasked === 'refused') {
			refuse(400, `Field is not configured to prompt on launch: ${ignored.join(', ')}`);
		}
		const job: Job = {
			id: 100 + jobs.length,
			status: 'pending',
			limit: isAsked.limit ? String(limit ?? '') : '',
			extra_vars: isAsked.extra_vars ? ((extra_vars ?? {}) as Job['extra_vars']) : {},
			artifacts: {},
			job_explanation: '',
			finished: null,
		};
		jobs.push(job);
		const ignored_fields = Object.fromEntries(ignored.map((name) => [name, given[name]]));
		return { status: 201, body: { job: job.id, ignored_fields, ...shown(job) } };
	};
	const further = (job: Job): void => {
		if (job.status === 'pending') job.status = 'waiting';
		else if (job.status === 'waiting') job.status = 'running';
		else if (job.status === 'running') {
			const { status, artifacts = {}, job_explanation = '' } = awx.ending(job);
			Object.assign(job, { status, artifacts, job_explanation });
			if (isEnded(job)) job.finished = new Date().toISOString();
		}
	};
	const answer = (request: Asked) => {
		if (request.headers.authorization !== `Bearer ${TOKEN}`) refuse(401, 'no such token');
		const call = `${request.method} ${request.url.pathname}`;
		if (call === `GET ${BASE}/job_templates/${TEMPLATE}/launch/`) {
			const { ask_limit_on_launch, ask_variables_on_launch, isShownAsAsking } = template;
			return {
				status: 200,
				body: {
					can_start_without_user_input: true,
					passwords_needed_to_start: [],
					variables_needed_to_start: [],
					survey_enabled: false,
					ask_limit_on_launch: ask_limit_on_launch || isShownAsAsking,
					ask_variables_on_launch: ask_variables_on_launch || isShownAsAsking,
				},
			};
		}
		if (call === `POST ${BASE}/job_templates/${TEMPLATE}/launch/`) return launch(request);
		const [, method, id, cancel] =
			/^(GET|POST) \/api\/v2\/jobs\/(\d+)\/(cancel\/)?$/.exec(call) ?? [];
		const job = jobs.find((one) => String(one.id) === id) ?? refuse(404, 'Not found.');
		if (method === 'GET' && cancel === undefined) {
			further(job);
			return { status: 200, body: shown(job) };
		}
		if (method !== 'POST' || cancel === undefined || isEnded(job)) refuse(405, 'Not allowed.');
		job.status = 'canceled';
		return { status: 202 };
	};
	const server = await startJsonServer(answer);
	const awx: Awx = {
		...server,
		url: `${server.origin}${BASE}`,
		token: TOKEN,
		template,
		jobs,
		ending: ({ extra_vars: { tunnel_id } }) => ({
			status: 'successful',
			artifacts: { tunnel_id, ike_sa_age: 3 },
		}),
	};
	return awx;
}

function isEnded({ status }: Job): boolean {
	return ['successful', 'failed', 'error', 'canceled'].includes(status);
}

/** A job as the API shows it: with its variables, in clear, as a text. */
function shown(job: Job) {
	return { type: 'job', ...job, extra_vars: JSON.stringify(job.extra_vars) };
}
