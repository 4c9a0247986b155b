import { PACKAGE_NAME, typesOfBuild } from '../helpers/engine';
import { ROOT } from '../helpers/paths';
import * as core from 'n8n-core';

describe('the built package', () => {
	it('is loaded as n8n loads it, with its nodes and credentials', async () => {
		const types = await typesOfBuild();
		expect(types.node(`${PACKAGE_NAME}.cloudflareMagicIpsec`)?.description.displayName).toBe(
			'Cloudflare Magic IPsec',
		);
		expect(types.credential('cloudflareMagicTokenApi')?.displayName).toContain('API Token');
		expect(types.credential('cloudflareMagicKeyApi')?.displayName).toContain('Email and Key');
		expect(types.credential('cloudflareMagicVaultApi')?.displayName).toContain('Vault');
		expect(types.credential('cloudflareMagicAwsApi')?.displayName).toContain('AWS');
	});

	it.each(['cloudflareMagicVaultApi', 'cloudflareMagicAwsApi'])(
		'has n8n keep %s to the node that names it',
		async (name) => {
			const loader = new core.PackageDirectoryLoader(ROOT);
			await loader.loadAll();
			expect(loader.getCredential(name).type.restrictToSupportedNodes).toBe(true);
			expect(loader.known.credentials[name]?.supportedNodes).toEqual(['cloudflareMagicIpsec']);
		},
	);
});
