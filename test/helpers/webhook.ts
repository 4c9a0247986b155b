import { printed } from './printed';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import * as core from 'n8n-core';
import type {
	IDataObject,
	INode,
	INodeExecutionData,
	INodeParameters,
	IWebhookData,
	IWebhookResponseData,
	Workflow,
	WorkflowActivateMode,
} from 'n8n-workflow';
import { ObservableObject } from 'n8n-workflow';
import { request } from 'undici';
import { additionalData, PACKAGE_NAME, workflowOf } from './engine';
import { bodyOf } from './forward';
import { close, listen } from './ports';
import type { Credentials } from './account';
import { credentialsOf } from './account';
import { sources } from './node';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';

/**
 * A piece of n8n around one webhook trigger: its contexts come from n8n-core, requests come over a
 * socket of loopback, and static data live as n8n 2.41 keeps them. They are text in a database:
 * every request loads its own copy and stores the whole; an activation stores them when all of it has
 * ended, and after a failure what `delete` left (n8n's workflow-trigger-activator, live-webhooks).
 */
export interface WebhookHost {
	/** Where the server listens. */
	readonly origin: string;
	/** What is in n8n's database, parsed. */
	staticData(): IDataObject;
	setStaticData(data: IDataObject): void;
	/** The items of every execution, oldest first, however it was started. */
	readonly started: INodeExecutionData[][];
	/** Everything that was answered on the webhook's paths. */
	readonly answers: Array<{ path: string; status: number; body: string }>;
	readonly parameters: INodeParameters;
	credentials: Credentials;
	/** The URL of n8n as `WEBHOOK_URL` says it, without a path. */
	publicOrigin: string;
	/** The workflow, with static data of its own. */
	workflow(): Workflow;
	/** Path of the webhook, of production or of a test in the editor. */
	path(test?: boolean): string;
	/** Makes the URL live, runs checkExists and create, delete if they fail, and trigger beside them. */
	activate(mode?: WorkflowActivateMode): Promise<void>;
	/** Makes the URL live, and nothing else. */
	open(): void;
	/** Runs one of the hooks, and stores the static data also if it throws. */
	hook(name: 'checkExists' | 'create' | 'delete'): Promise<boolean>;
	/** Runs `trigger`, as n8n does beside the hooks. */
	trigger(): Promise<unknown>;
	deactivate(): Promise<boolean>;
	/** Ends the process of n8n: nothing is called, and nothing answers. */
	crash(): void;
	/** "Listen for test event"; the result stops listening. */
	listen(): Promise<() => Promise<boolean>>;
	/** Sends a request to the webhook as anybody might. */
	post(body: string | Buffer, headers?: Record<string, string | string[]>): Promise<number>;
	/** Puts another workflow, with the same node in it, in place of this one's: a copy by its file. */
	become(other: WebhookHost): void;
	readonly webhookId: string;
	readonly workflowId: string;
	/** Lets a request be answered only when the returned function is called. */
	holdNext(): () => void;
	close(): Promise<void>;
}

export const ALERT_NODE = 'Cloudflare Magic Alert Trigger';

export const PUBLIC_ORIGIN = 'https://n8n.example.com';

let hosts = 0;

/** n8n's request carries the body as it came and as it was read; its response is Express's. */
function httpData(incoming: IncomingMessage, response: ServerResponse, rawBody: Buffer) {
	let body: unknown = {};
	if (incoming.headers['content-type'] === 'application/json') {
		try {
			body = JSON.parse(rawBody.toString('utf8'));
		} catch {
			// n8n answers 422 by itself then; the node must not depend on it.
		}
	}
	const express = Object.assign(response, {
		status: (code: number) => {
			response.statusCode = code;
			return express;
		},
		send: (text: string) => {
			response.end(text);
			return express;
		},
	});
	const isForm = incoming.headers['content-type']?.startsWith('multipart/') === true;
	const read = isForm ? {} : { rawBody };
	return { httpRequest: Object.assign(incoming, { body, ...read }), httpResponse: express };
}

/** Starts the host on a free port of 127.0.0.1. */
export async function startWebhookHost(): Promise<WebhookHost> {
	let id = `workflow-${++hosts}`;
	const parameters: INodeParameters = { authentication: 'apiToken' };
	const started: INodeExecutionData[][] = [];
	const answers: WebhookHost['answers'] = [];
	let saved = '{}';
	let testData: IDataObject | undefined;
	const live = new Set<string>();
	let gate: Promise<void> = Promise.resolve();

	const node = (): INode => ({
		id: 'alert',
		name: ALERT_NODE,
		type: `${PACKAGE_NAME}.cloudflareMagicAlertTrigger`,
		typeVersion: 1,
		position: [0, 0],
		webhookId: `5f1d7f0e-0000-4000-8000-${String(hosts).padStart(12, '0')}`,
		parameters: structuredClone(parameters),
		credentials: {
			cloudflareMagicTokenApi: { id: '1', name: 'Cloudflare' },
			cloudflareMagicKeyApi: { id: '2', name: 'Cloudflare' },
		},
	});
	const alertNode = node();
	const current = (): INode => ({ ...alertNode, parameters: structuredClone(parameters) });
	const type = () => sources.node(alertNode.type)!;

	const workflowWith = (data: IDataObject): Workflow => {
		const workflow = workflowOf({ nodes: [current()], connections: {} }, sources);
		workflow.id = id;
		workflow.name = 'Tunnels';
		workflow.staticData = ObservableObject.create(data, undefined, {
			ignoreEmptyOnFirstChild: true,
		}) as IDataObject;
		return workflow;
	};
	const load = () => workflowWith(JSON.parse(saved) as IDataObject);
	const store = (workflow: Workflow) => {
		if (workflow.staticData.__dataChanged !== true) return;
		saved = JSON.stringify(workflow.staticData);
		workflow.staticData.__dataChanged = false;
	};
	const path = (test = false) =>
		`/${test ? 'webhook-test' : 'webhook'}/${alertNode.webhookId}/webhook`;
	const more = (): IDataObject => ({
		...additionalData({ types: sources, credentials: host.credentials }),
		instanceBaseUrl: `${host.publicOrigin}/`,
		webhookBaseUrl: `${host.publicOrigin}/webhook`,
		webhookTestBaseUrl: `${host.publicOrigin}/webhook-test`,
	});
	const webhookData = (test: boolean): IWebhookData =>
		({
			httpMethod: 'POST',
			node: ALERT_NODE,
			path: path(test),
			webhookDescription: type().description.webhooks![0],
			workflowId: id,
			isTest: test,
		}) as never;
	const withIsolate = async <T>(workflow: Workflow, run: () => Promise<T>): Promise<T> => {
		await workflow.expression.acquireIsolate();
		try {
			return await run();
		} finally {
			await workflow.expression.releaseIsolate();
		}
	};
	const run = async (
		name: 'checkExists' | 'create' | 'delete',
		workflow: Workflow,
		mode: WorkflowActivateMode,
		test = false,
	): Promise<boolean> => {
		const context = new core.HookContext(
			workflow,
			workflow.getNode(ALERT_NODE)!,
			more() as never,
			name === 'delete' ? 'internal' : test ? 'manual' : 'trigger',
			mode,
			webhookData(test),
		);
		return await withIsolate(workflow, async () =>
			type().webhookMethods!.default![name]!.call(context),
		);
	};
	const runTrigger = async (workflow: Workflow, mode: WorkflowActivateMode): Promise<unknown> => {
		const emit = (data: INodeExecutionData[][]) => {
			store(workflow);
			started.push(data[0]!);
		};
		const context = new core.TriggerContext(
			workflow,
			workflow.getNode(ALERT_NODE)!,
			more() as never,
			'trigger',
			mode,
			emit,
		);
		return await withIsolate(workflow, async () => await type().trigger!.call(context));
	};
	const receive = async (
		incoming: IncomingMessage,
		response: ServerResponse,
		test: boolean,
	): Promise<void> => {
		const http = httpData(incoming, response, await bodyOf(incoming));
		const workflow = test ? workflowWith({}) : load();
		if (test && testData !== undefined) workflow.setTestStaticData(testData);
		await gate;
		const context = new core.WebhookContext(
			workflow,
			workflow.getNode(ALERT_NODE)!,
			{ ...more(), ...http } as never,
			test ? 'manual' : 'webhook',
			webhookData(test),
			[],
			null,
		);
		const result: IWebhookResponseData = await withIsolate(workflow, async () =>
			type().webhook!.call(context),
		);
		if (result.workflowData !== undefined) started.push(result.workflowData[0]!);
		// As n8n 2.41.1 does: starting a workflow before the answer is sent clears the mark of a change.
		const isLost = result.workflowData !== undefined && result.noWebhookResponse !== true;
		if (!test && !isLost) store(workflow);
		if (result.noWebhookResponse !== true) response.end(JSON.stringify({ message: 'received' }));
	};
	const server = createServer((incoming, response) => {
		const { url = '' } = incoming;
		const chunks: string[] = [];
		const end = response.end.bind(response);
		response.end = ((text?: unknown) => {
			if (typeof text === 'string') chunks.push(text);
			return response.writableEnded ? response : end(text);
		}) as never;
		response.once('close', () =>
			answers.push({ path: url, status: response.statusCode, body: chunks.join('') }),
		);
		if (!live.has(url)) {
			response.statusCode = 404;
			response.end('not registered');
			return;
		}
		receive(incoming, response, url === path(true)).catch((error: unknown) => {
			printed.push(error);
			response.statusCode = 500;
			response.end(String(error));
		});
	});
	const origin = `http://127.0.0.1:${await listen(server)}`;

	const host: WebhookHost = {
		origin,
		staticData: () =>
			((JSON.parse(saved) as IDataObject)[`node:${ALERT_NODE}`] as IDataObject) ?? {},
		setStaticData: (data) => {
			saved = JSON.stringify({ [`node:${ALERT_NODE}`]: data });
		},
		started,
		answers,
		parameters,
		credentials: {},
		publicOrigin: PUBLIC_ORIGIN,
		workflow: () => workflowWith({}),
		path,
		get webhookId() {
			return alertNode.webhookId!;
		},
		get workflowId() {
			return id;
		},
		become(other) {
			id = other.workflowId;
			alertNode.webhookId = other.webhookId;
			Object.assign(parameters, structuredClone(other.parameters));
			host.setStaticData(other.staticData());
		},
		async activate(mode = 'activate') {
			const workflow = load();
			live.add(path());
			const register = async () => {
				try {
					if (!(await run('checkExists', workflow, mode))) await run('create', workflow, mode);
				} catch (error) {
					await run('delete', workflow, 'update');
					live.delete(path());
					throw error;
				}
			};
			const phases = await Promise.allSettled([register(), runTrigger(workflow, mode)]);
			store(workflow);
			const failed = phases.find((phase) => phase.status === 'rejected');
			if (failed !== undefined) throw failed.reason;
		},
		open() {
			live.add(path());
		},
		async hook(name) {
			const workflow = load();
			try {
				return await run(name, workflow, 'activate');
			} finally {
				store(workflow);
			}
		},
		async trigger() {
			const workflow = load();
			try {
				return await runTrigger(workflow, 'init');
			} finally {
				store(workflow);
			}
		},
		async deactivate() {
			live.delete(path());
			const workflow = load();
			const gone = await run('delete', workflow, 'update');
			store(workflow);
			return gone;
		},
		crash() {
			live.clear();
		},
		async listen() {
			const workflow = workflowWith({});
			live.add(path(true));
			const stop = async () => {
				live.delete(path(true));
				const gone = await run('delete', workflow, 'update', true);
				testData = undefined;
				return gone;
			};
			try {
				if (!(await run('checkExists', workflow, 'manual', true))) {
					await run('create', workflow, 'manual', true);
				}
				testData = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
			} catch (error) {
				await stop();
				throw error;
			}
			return stop;
		},
		async post(body, headers = {}) {
			const { statusCode, body: answer } = await request(`${origin}${path()}`, {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...headers },
				body,
				reset: true,
			});
			await answer.dump();
			return statusCode;
		},
		holdNext() {
			let open = () => {};
			gate = new Promise((resolve) => {
				open = resolve;
			});
			return open;
		},
		close: async () => await close(server),
	};
	return host;
}

/**
 * Starts a simulated account whose notifications reach the host by its public address, and gives the host
 * its credentials.
 */
export async function startAccountFor(
	host: WebhookHost,
	options: SimulatorOptions,
): Promise<Simulator> {
	const simulator = await startSimulator({
		...options,
		alerting: { publicOrigins: { [PUBLIC_ORIGIN]: host.origin }, ...options.alerting },
	});
	host.credentials = credentialsOf(simulator);
	return simulator;
}
