package curl

import "strings"

// rule says what becomes of an option.
type rule uint8

const (
	passes  rule = iota // handed on; a value holds no control character
	body                // handed on; the value is content, or a format for the output, and may hold anything
	looked              // handed on when look has nothing against it
	dropped             // left out: authctl says it itself
	refused
	asks // makes curl tell about itself and stop
)

// option is one line of the table.
type option struct {
	name      string // the long one, as it stands behind "--" or "--no-"
	letter    byte   // the short one; 0 for none
	value     bool   // takes a value
	rule      rule
	why, hint string // of a refusal
}

// The lists hold the options of curl 7.29 to 8.19, with the letter in front of the name. Those of protocols that --proto
// has shut off pass: they do nothing.
const (
	passingSwitches = `a/append ca-native cert-status compressed compressed-ssh create-dirs crlf disable-eprt disable-epsv
		disallow-username-in-url doh-cert-status doh-insecure dump-ca-embed eprt epsv f/fail fail-early fail-with-body
		false-start form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control G/get
		haproxy-protocol I/head 0/http1.0 http0.9 http1.1 http2 http2-prior-knowledge http3 http3-only
		ignore-content-length i/include i/show-headers 4/ipv4 6/ipv6 j/junk-session-cookies l/list-only
		mail-rcpt-allowfails mptcp alpn N/buffer clobber keepalive npn progress-meter sessionid out-null Z/parallel
		parallel-immediate path-as-is post301 post302 post303 #/progress-bar proxy-anyauth proxy-basic proxy-ca-native
		proxy-digest proxy-http2 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast
		proxy-ssl-auto-client-cert proxy-tlsv1 p/proxytunnel raw J/remote-header-name O/remote-name remote-name-all
		R/remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir S/show-error s/silent skip-existing
		socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd
		ssl-revoke-best-effort styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options
		tls-earlydata tlsv1.2 tlsv1.3 tr-encoding B/use-ascii xattr`
	passingValues = `cacert capath E/cert cert-type connect-timeout C/continue-at b/cookie c/cookie-jar create-file-mode
		crlfile curves delegation dns-interface dns-ipv4-addr dns-ipv6-addr D/dump-header ech egd-file engine
		etag-compare etag-save expect100-timeout ftp-account ftp-alternative-to-user ftp-method P/ftp-port
		ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip hostpubmd5 hostpubsha256 hsts interface ip-tos
		keepalive-cnt keepalive-time key key-type knownhosts krb limit-rate local-port login-options mail-auth mail-from
		mail-rcpt max-filesize max-redirs m/max-time noproxy o/output output-dir parallel-max parallel-max-host pass
		pinnedpubkey preproxy x/proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
		proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers
		proxy-tlsauthtype proxy-tlspassword proxy-tlsuser U/proxy-user proxy1.0 pubkey Q/quote random-file r/range rate
		e/referer retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5
		socks5-gssapi-service socks5-hostname Y/speed-limit y/speed-time ssl-sessions stderr t/telnet-option tftp-blksize
		z/time-cond tlsauthtype tlspassword tlsuser T/upload-file upload-flags A/user-agent vlan-priority`
	bodies         = `d/data data-ascii data-binary data-raw data-urlencode F/form form-string json url-query w/write-out`
	lookedSwitches = `follow g/globoff k/insecure L/location`
	lookedValues   = `alt-svc ciphers connect-to dns-servers doh-url H/header X/request resolve tls-max tls13-ciphers url`
	saidSwitches   = `q/disable`
	saidValues     = `proto proto-default proto-redir`
	asking         = `h/help M/manual V/version`
)

// options is the whole table.
func options() []option {
	all := make([]option, 0, 300)
	add := func(names string, like option) {
		for name := range strings.FieldsSeq(names) {
			o := like
			o.name = name
			if letter, long, ok := strings.Cut(name, "/"); ok {
				o.letter, o.name = letter[0], long
			}
			all = append(all, o)
		}
	}
	add(passingSwitches, option{})
	add(passingValues, option{value: true})
	add(bodies, option{value: true, rule: body})
	add(lookedSwitches, option{rule: looked})
	add(lookedValues, option{value: true, rule: looked})
	add(saidSwitches, option{rule: dropped})
	add(saidValues, option{value: true, rule: dropped})
	add(asking, option{rule: asks})
	for _, r := range refusals() {
		add(r.switches, option{rule: refused, why: r.why, hint: r.hint})
		add(r.values, option{value: true, rule: refused, why: r.why, hint: r.hint})
	}
	return all
}
