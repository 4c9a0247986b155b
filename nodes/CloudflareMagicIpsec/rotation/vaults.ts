import type { IExecuteFunctions, INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { mapLimit } from '../../http/pool';
import { transportOf } from '../../shared/transport';
import { forOwnRequests } from '../../vaults/credentials';
import { commonPrefix, fillName, templateFault } from '../../vaults/names';
import type { NameParts } from '../../vaults/names';
import type { RunLimits, Vault, VaultFailure, VaultKind } from '../../vaults/vault';
import { VAULTS } from '../../vaults';

/** By the value of the parameter `vault`. */
const kinds: Readonly<Record<string, VaultKind>> = VAULTS;

/** The parameter `vault`. */
export const vaultProperty: INodeProperties = {
	displayName: 'Vault',
	name: 'vault',
	type: 'options',
	options: Object.entries(kinds).map(([value, { displayName: name, description }]) => ({
		name,
		value,
		description,
	})),
	default: 'kv2',
	description: 'Where the keys are stored, and where the routers fetch theirs',
};

/** The parameters of every vault, shown for the one that is chosen. */
export const vaultProperties: INodeProperties[] = Object.entries(kinds).flatMap(
	([value, { properties }]) =>
		properties.map((property) => ({
			...property,
			displayOptions: { show: { ...property.displayOptions?.show, vault: [value] } },
		})),
);

/** The vaults' credentials, each where its vault is chosen. */
export const vaultCredentials: INodeCredentialDescription[] = Object.entries(kinds).map(
	([value, { credentialType }]) => ({
		name: credentialType,
		required: true,
		displayOptions: { show: { resource: ['rotation'], vault: [value] } },
	}),
);

/** A vault as an item chooses it, with the template of its secrets' names. */
export interface VaultChoice {
	vault: Vault;
	kind: VaultKind;
	/** Names the place in the vault, however an item spells it, so that two items can be seen to share a secret. */
	key: string;
	template: string;
}

/** The vaults that the items of one run use; each is opened once, and closed at the end. */
export class Vaults {
	private readonly choices = new Map<string, VaultChoice>();

	private readonly opened = new Map<Vault, Promise<VaultFailure | undefined>>();

	readonly warnings: string[] = [];

	/** True once a record was to be written: from then on the run is brought to its end. */
	private writes = false;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly timeoutMs: number,
	) {}

	/**
	 * The vault of an item, with the credential as n8n resolves it for this item.
	 *
	 * @throws NodeOperationError if the parameters can't be used
	 */
	async of(itemIndex: number): Promise<VaultChoice> {
		const { context } = this;
		const value = String(context.getNodeParameter('vault', itemIndex, ''));
		const kind = Object.hasOwn(kinds, value) ? kinds[value] : undefined;
		if (kind === undefined) {
			const remedy = 'Choose one from the list.';
			throw inputError(
				context.getNode(),
				"The parameter 'Vault' has no such choice",
				remedy,
				itemIndex,
			);
		}
		const parameters = Object.fromEntries(
			kind.properties.map(({ name, default: fallback }) => [
				name,
				context.getNodeParameter(name, itemIndex, fallback) as unknown,
			]),
		);
		const { [kind.nameParameter]: template, ...others } = parameters;
		this.refuse(templateFault(template), kind, itemIndex);
		const data = await context.getCredentials(kind.credentialType, itemIndex);
		const settings = { credential: data, parameters };
		const entry = JSON.stringify([value, data, others]);
		const known = this.choices.get(entry);
		if (known !== undefined) return { ...known, template: template as string };
		const transport = transportOf(context, {
			type: kind.credentialType,
			data: forOwnRequests(data),
		});
		const vault = this.noting(kind.connect(transport, settings, this.limits()));
		const key = JSON.stringify([value, kind.place(settings)]);
		const choice = { vault, kind, key, template: template as string };
		this.choices.set(entry, choice);
		return choice;
	}

	/**
	 * The name of a tunnel's secret.
	 *
	 * @throws NodeOperationError if the vault takes no such name
	 */
	nameOf({ kind, template }: VaultChoice, parts: NameParts, itemIndex: number): string {
		const name = fillName(template, parts);
		this.refuse(kind.nameFault(name), kind, itemIndex);
		return name;
	}

	/** What all names of a choice begin with. */
	prefixOf({ template }: VaultChoice): string {
		return commonPrefix(template);
	}

	/** Logs in where that is needed; the failure if the vault can't be worked with. */
	async open(vault: Vault): Promise<VaultFailure | undefined> {
		let opening = this.opened.get(vault);
		if (opening === undefined) {
			opening = vault.open().then((answer) => {
				if (answer.kind === 'failed') return answer;
				this.warnings.push(...answer.warnings);
				return undefined;
			});
			this.opened.set(vault, opening);
		}
		return await opening;
	}

	/** Gives back what the run took, such as tokens. Never rejects. */
	async close(): Promise<void> {
		await mapLimit([...this.opened.keys()], 5, async (vault) => {
			const closed = await vault.close();
			if (closed.kind === 'failed') this.warnings.push(`${closed.what}. ${closed.remedy}`);
		});
	}

	/** A stop ends the reading before the first change; afterwards a key's change may hang on a read. */
	private limits(): RunLimits {
		const stop = () => (this.writes ? undefined : this.context.getExecutionCancelSignal?.());
		return {
			timeoutMs: this.timeoutMs,
			get stop() {
				return stop();
			},
		};
	}

	private noting(vault: Vault): Vault {
		return {
			open: async () => await vault.open(),
			read: async (name, purpose) => await vault.read(name, purpose),
			write: async (snapshot, record) => {
				this.writes = true;
				return await vault.write(snapshot, record);
			},
			names: async (prefix) => await vault.names(prefix),
			close: async () => await vault.close(),
		};
	}

	private refuse(fault: string | undefined, kind: VaultKind, itemIndex: number): void {
		if (fault === undefined) return;
		const label =
			kind.properties.find(({ name }) => name === kind.nameParameter)?.displayName ??
			kind.nameParameter;
		throw inputError(
			this.context.getNode(),
			`The parameter '${label}' can't be used`,
			fault,
			itemIndex,
		);
	}
}
