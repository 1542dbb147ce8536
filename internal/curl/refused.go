package curl

// refusedOptions is a row of docs/curl.md: options that are refused for one reason.
type refusedOptions struct {
	switches, values string
	why, hint        string
}

// refusals lists what would show the token, send it elsewhere, or put another credential in its place.
func refusals() []refusedOptions {
	return []refusedOptions{
		{
			switches: "location-trusted", why: "it sends the token wherever a redirect leads",
			hint: "-L follows without the token, authctl call -L within the allowed origins",
		},
		{
			switches: "v/verbose trace-ids trace-time", values: "trace trace-ascii trace-config",
			why: "it prints the token", hint: "authctl call -v shows the exchange without it",
		},
		{values: "libcurl", why: "it writes the token into a program", hint: "authctl call --curl"},
		{
			values: "K/config", why: "a file of options is not looked through", hint: "write its options on the command line",
		},
		{
			values: "variable", why: "it puts files and variables into other options unseen",
			hint: "write the value itself, or $NAME for the shell to fill in",
		},
		{switches: ":/next", why: "it begins another command line", hint: "run authctl curl once for each"},
		{
			switches: "n/netrc netrc-optional", values: "netrc-file", why: "it adds credentials of another kind to the request",
			hint: "leave it out: the profile's token is the credential",
		},
		{
			switches: "anyauth basic digest negotiate ntlm ntlm-wb", values: "aws-sigv4 oauth2-bearer u/user",
			why:  "it makes an Authorization of its own, and the request has the token's",
			hint: "leave it out: the profile's token is the credential",
		},
		{
			values: "unix-socket abstract-unix-socket", why: "it takes the token to another server than the URL names",
			hint: "give the server's own URL as base_url or in allowed_origins",
		},
		{
			values: "request-target", why: "it asks for another target than the URL names", hint: "put the target into the URL",
		},
		{
			switches: "metalink", values: "ipfs-gateway", why: "it makes curl ask URLs that are not on the command line",
			hint: "name each URL",
		},
		{
			switches: "2/sslv2 3/sslv3 1/tlsv1 tlsv1.0 tlsv1.1", why: "a token is not sent over TLS older than 1.2",
			hint: "leave it out: 1.2 and newer are what authctl asks for",
		},
	}
}
