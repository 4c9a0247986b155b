import { CloudflareMagicKeyApi } from '../../credentials/CloudflareMagicKeyApi.credentials';
import { CloudflareMagicTokenApi } from '../../credentials/CloudflareMagicTokenApi.credentials';
import { useAccount } from '../helpers/account';
import { testCredential } from '../helpers/credentialTest';
import { credentialsOf, runNode, sources } from '../helpers/node';

/** An account ID with spaces around it, as copying one gives it, is the same account everywhere. */

const account = useAccount();

const parameters = { resource: 'tunnel', operation: 'getAll', returnAll: true, simplify: true };

describe.each([
	(id: string) => ` ${id}`,
	(id: string) => `${id} \n`,
	(id: string) => id.toUpperCase(),
])('an account ID as %s', (written) => {
	it('in the credential', async () => {
		const { jsons, error } = await runNode({
			credentials: credentialsOf(account(), { accountId: written(account().accountId) }),
			parameters,
		});
		expect(error).toBeUndefined();
		expect(jsons[0]![0]).toMatchObject({ account_id: account().accountId });
	});

	it('in the option', async () => {
		const { jsons, error } = await runNode({
			credentials: credentialsOf(account(), { accountId: 'f'.repeat(32) }),
			parameters: { ...parameters, options: { accountId: written(account().accountId) } },
		});
		expect(error).toBeUndefined();
		expect(jsons[0]![0]).toMatchObject({ account_id: account().accountId });
	});

	it.each([new CloudflareMagicTokenApi(), new CloudflareMagicKeyApi()])(
		"in the test of n8n's credential",
		async (type) => {
			const data = credentialsOf(account(), { accountId: written(account().accountId) })[
				type.name
			]!;
			expect((await testCredential(type, data, sources)).message).toBe('Connection successful!');
		},
	);
});
