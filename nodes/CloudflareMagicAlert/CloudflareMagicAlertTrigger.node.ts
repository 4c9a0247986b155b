import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	ITriggerFunctions,
	ITriggerResponse,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { accountCredentials } from '../shared/connection';
import { atEdge } from '../shared/errors';
import { catchUp } from './catchUp';
import { receive } from './delivery';
import { properties } from './settings';
import { resume, subscribe, unsubscribe } from './subscription';
import { getTunnelNames } from './tunnelNames';

/** Starts workflows when Cloudflare alerts about the health of Magic tunnels. */
export class CloudflareMagicAlertTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Cloudflare Magic Alert Trigger',
		name: 'cloudflareMagicAlertTrigger',
		icon: {
			light: 'file:../CloudflareMagicIpsec/cloudflareMagicIpsec.svg',
			dark: 'file:../CloudflareMagicIpsec/cloudflareMagicIpsec.dark.svg',
		},
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ $parameter["alertType"] === "magic_wan_tunnel_health" ? "Magic WAN" : "Magic Transit" }}',
		description: 'Starts the workflow when Cloudflare alerts about the health of a Magic tunnel',
		eventTriggerDescription: 'Waiting for an alert of Cloudflare',
		activationMessage: 'Cloudflare now sends alerts about the tunnels to this workflow.',
		defaults: { name: 'Cloudflare Magic Alert Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: accountCredentials,
		webhooks: [
			{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' },
		],
		properties,
	};

	methods = { loadOptions: { getTunnelNames } };

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return await atEdge(this, resume(this));
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return await atEdge(this, subscribe(this));
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return await atEdge(this, unsubscribe(this));
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive(this);
	}

	/**
	 * Runs once at every activation and start of n8n, beside the webhook. The empty answer tells n8n
	 * that the trigger is running; without it n8n would start it again and again.
	 */
	async trigger(this: ITriggerFunctions): Promise<ITriggerResponse> {
		await catchUp(this);
		return {};
	}

	/** Hands on what the webhook gave: n8n would otherwise call `trigger` for it in a manual run. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [this.getInputData()];
	}
}
