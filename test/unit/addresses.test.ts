import {
	asnFault,
	fqdnFault,
	interfaceAddress6Fault,
	interfaceAddressFault,
	isAddress,
	isPrefix,
	md5KeyFault,
} from '../../nodes/CloudflareMagicIpsec/tunnel/addresses';

describe('addresses', () => {
	it.each(['203.0.113.1', '0.0.0.0', '255.255.255.255', '2001:db8::1', '::ffff:192.0.2.1'])(
		'%s is one',
		(address) => expect(isAddress(address)).toBe(true),
	);

	it.each([
		'203.0.113',
		'256.1.1.1',
		'01.2.3.4',
		'1.2.3.4/32',
		'host',
		'',
		'2001:db8::1::',
		':::',
		'fe80::1%eth0',
	])('%p is none', (address) => expect(isAddress(address)).toBe(false));

	it.each(['10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32', '::/0', '192.0.2.1/32'])(
		'%s is a prefix',
		(prefix) => expect(isPrefix(prefix)).toBe(true),
	);

	it.each([
		'10.0.0.0',
		'10.0.0.0/33',
		'2001:db8::/129',
		'10.0.0.0/8/8',
		'/8',
		'10.0.0.0/',
		'10.0.0.0/-1',
	])('%p is no prefix', (prefix) => expect(isPrefix(prefix)).toBe(false));
});

describe('interface addresses', () => {
	it.each([
		'10.212.0.9/31',
		'10.212.0.10/31',
		'172.31.255.254/30',
		'192.168.1.0/31',
		'169.254.240.1/30',
		'169.254.255.0/31',
	])('%s may be used', (address) => expect(interfaceAddressFault(address)).toBeUndefined());

	it.each([
		['10.0.0.1', '/31 or /30'],
		['10.0.0.1/29', '/31 or /30'],
		['10.0.0.1/31/1', '/31 or /30'],
		['host/31', '/31 or /30'],
		['11.0.0.0/31', '10.0.0.0/8'],
		['172.32.0.0/31', '10.0.0.0/8'],
		['172.15.0.0/31', '10.0.0.0/8'],
		['192.169.0.0/31', '10.0.0.0/8'],
		['169.254.239.255/31', '10.0.0.0/8'],
		['169.255.0.0/31', '10.0.0.0/8'],
	])('%s is refused', (address, text) => expect(interfaceAddressFault(address)).toContain(text));

	it('IPv6 needs /127', () => {
		expect(interfaceAddress6Fault('2606:54c1:7:0:a9fe:12d2:1:200/127')).toBeUndefined();
		expect(interfaceAddress6Fault('2606:54c1:7:0:a9fe:12d2:1:200/64')).toContain('/127');
		expect(interfaceAddress6Fault('10.0.0.0/127')).toContain('/127');
	});
});

describe('other fields', () => {
	it('the custom identity has the documented form', () => {
		expect(fqdnFault('site-1.12345.custom.ipsec.cloudflare.com')).toBeUndefined();
		expect(fqdnFault(`site.${'a'.repeat(32)}.custom.ipsec.cloudflare.com`)).toBeUndefined();
		expect(fqdnFault('site.custom.ipsec.cloudflare.com')).toContain('label.accountID');
		expect(fqdnFault('-site.12345.custom.ipsec.cloudflare.com')).toContain('label.accountID');
		expect(fqdnFault('site.12345.custom.ipsec.cloudflare.com.example.org')).toContain('label');
	});

	it('the MD5 key is printable ASCII without " and ?', () => {
		expect(md5KeyFault(" !#$%&'()*+,-./09:;<=>@AZ[\\]^_`az{|}~")).toBeUndefined();
		for (const key of ['', 'a"b', 'a?b', 'a\tb', 'ä']) expect(md5KeyFault(key)).toContain('ASCII');
	});

	it('the ASN is a whole number of 32 bits', () => {
		for (const asn of [0, 65000, 4_294_967_295]) expect(asnFault(asn)).toBeUndefined();
		for (const asn of [-1, 1.5, 4_294_967_296, NaN])
			expect(asnFault(asn)).toContain('whole number');
	});
});
