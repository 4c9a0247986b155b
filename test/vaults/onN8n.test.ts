import * as core from 'n8n-core';
import type { ICredentialDataDecryptedObject, ICredentialType, INode } from 'n8n-workflow';
import { createEmptyRunExecutionData } from 'n8n-workflow';
import { CloudflareMagicAwsApi } from '../../credentials/CloudflareMagicAwsApi.credentials';
import { CloudflareMagicVaultApi } from '../../credentials/CloudflareMagicVaultApi.credentials';
import type { Transport } from '../../nodes/http/transport';
import type { RequestContext } from '../../nodes/shared/transport';
import { transportOf } from '../../nodes/shared/transport';
import { forOwnRequests } from '../../nodes/vaults/credentials';
import type { VaultRecord } from '../../nodes/vaults/record';
import { fieldsOf } from '../../nodes/vaults/record';
import { promote, stage } from '../../nodes/vaults/transitions';
import { additionalData, typesOf, workflowOf } from '../helpers/engine';
import {
	awsCredential,
	awsDriver,
	failureOf,
	kv2Credential,
	kv2Driver,
	snapshotOf,
} from '../helpers/vaults';
import { startSecretsManager } from '../stubs/secretsManager';
import { startVault } from '../stubs/vault/kv2';

/** The drivers over n8n's own HTTP helper, in a context of n8n-core. */

const NAME = 'magic-ipsec/t1';

const node: INode = {
	id: 'node',
	name: 'Node',
	type: 'n8n-nodes-base.noOp',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

function n8nTransport(type: ICredentialType, data: ICredentialDataDecryptedObject): Transport {
	const types = typesOf([], [type]);
	const context = new core.ExecuteContext(
		workflowOf({ nodes: [node], connections: {} }, types),
		node,
		additionalData({ types, credentials: { [type.name]: data } }) as never,
		'trigger',
		createEmptyRunExecutionData(),
		0,
		[{ json: {} }],
		{ main: [[{ json: {} }]] },
		{ node, data: {}, source: null },
		[],
	);
	return transportOf(context as RequestContext, {
		type: type.name,
		data: forOwnRequests(data),
	});
}

const staged = (record: VaultRecord) =>
	stage(record, {
		key: 'K1',
		since: 's',
		by: 'b',
		finish: 'later',
		owner: { tunnelName: 'Zürich' },
	});

it.each(['token', 'appRole'])('Vault by %s', async (method) => {
	const vault = await startVault();
	try {
		const role = method === 'appRole' ? vault.access.addRole() : {};
		const credential = { method, ...role };
		const around = () =>
			n8nTransport(new CloudflareMagicVaultApi(), kv2Credential(vault, credential));
		const driver = kv2Driver(vault, credential, {}, undefined, around);
		expect(await driver.open()).toEqual({ kind: 'opened', warnings: [] });
		const snapshot = snapshotOf(await driver.read(NAME, 'look'));
		const stored = snapshotOf(await driver.write(snapshot, staged(snapshot.record)));
		const last = snapshotOf(await driver.write(stored, promote(stored.record, 'd')));
		expect(vault.state()[NAME]?.at(-1)?.data).toEqual(fieldsOf(last.record));
		expect(await driver.write(stored, stored.record)).toEqual({ kind: 'conflict' });
		expect(await driver.names('magic-ipsec/')).toEqual({ kind: 'names', names: [NAME] });
		vault.mode.redirectTo = 'http://127.0.0.1:1';
		expect(failureOf(await driver.read(NAME, 'change')).fault).toBe('standby');
		vault.mode.redirectTo = undefined;
		vault.addFault({ operation: 'write', when: 'after', cut: 'silent' });
		expect((await driver.write(last, staged(last.record))).kind).toBe('stored');
		await driver.close();
		expect(vault.access.valid()).toEqual([vault.token]);
	} finally {
		await vault.close();
	}
});

it('AWS', async () => {
	const manager = await startSecretsManager({ sessionToken: 'a session token' });
	try {
		const around = () => n8nTransport(new CloudflareMagicAwsApi(), awsCredential(manager));
		const driver = awsDriver(manager, {}, {}, undefined, around);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		const stored = snapshotOf(await driver.write(snapshot, staged(snapshot.record)));
		const last = snapshotOf(await driver.write(stored, promote(stored.record, 'd')));
		expect(await driver.write(stored, stored.record)).toEqual({ kind: 'conflict' });
		expect(snapshotOf(await driver.read(NAME, 'change'))).toEqual(last);
		expect(await driver.names('magic-ipsec/')).toEqual({ kind: 'names', names: [NAME] });
		manager.addFault({ when: 'after', cut: 'silent', times: 3 });
		expect((await driver.write(last, staged(last.record))).kind).toBe('stored');
		expect(manager.versionOf(NAME, 'AWSPENDING')?.SecretString).toContain('Zürich');
	} finally {
		await manager.close();
	}
});

it('a server that is not there, and a credential that can not be used', async () => {
	const at = (address: string) => {
		const vault = { origin: address, token: 't' } as never;
		const data = kv2Credential(vault);
		const around = () => n8nTransport(new CloudflareMagicVaultApi(), data);
		return kv2Driver(vault, {}, { longestWaitMs: 0 }, undefined, around);
	};
	expect(failureOf(await at('http://127.0.0.1:1').open())).toMatchObject({
		fault: 'unreachable',
		reach: 'vault',
		httpCode: 'ECONNREFUSED',
	});
	const data = kv2Credential({ origin: 'http://127.0.0.1:1', token: 't' } as never, {
		address: 'https://example.com',
	});
	const elsewhere = kv2Driver(
		{ origin: 'http://127.0.0.1:1', token: 't' } as never,
		{},
		{},
		undefined,
		() => n8nTransport(new CloudflareMagicVaultApi(), data),
	);
	expect(failureOf(await elsewhere.open())).toMatchObject({ fault: 'settings', reach: 'vault' });
});
