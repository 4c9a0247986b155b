import { PACKAGE_NAME, typesOfBuild } from '../helpers/engine';

describe('the built package', () => {
	it('is loaded as n8n loads it, with its nodes and credentials', async () => {
		const types = await typesOfBuild();
		expect(types.node(`${PACKAGE_NAME}.cloudflareMagicIpsec`)?.description.displayName).toBe(
			'Cloudflare Magic IPsec',
		);
		expect(types.credential('cloudflareMagicTokenApi')?.displayName).toContain('Token');
		expect(types.credential('cloudflareMagicKeyApi')?.displayName).toContain('Email and Key');
		expect(types.credential('cloudflareMagicVaultApi')?.displayName).toContain('Vault');
		expect(types.credential('cloudflareMagicAwsApi')?.displayName).toContain('AWS');
	});
});
