package cli

import (
	"net/http"

	"github.com/authctl/authctl/internal/words"
)

// save says where the answer goes.
func (c *curlCommand) save(o *saveFlags) {
	if c.request.Method == http.MethodHead && !o.include && o.output == "" && !o.remoteName {
		c.add("-o", "/dev/null") // the headers, which are a body to curl
	}
	c.flag("-o", o.output)
	c.on("-O", o.remoteName)
	c.flag("-C", o.resume)
	if o.resume != "" {
		c.note("curl -C - continues any file that is there, without If-Range: let it be one that curl began")
	}
	c.on("-i", o.include)
	c.flag("-D", o.head)
	c.flag("-w", o.writeOut)
}

// bodyAlone is without what would keep the body from jq, and what jq could not read.
func (c *curlCommand) bodyAlone(o saveFlags) saveFlags {
	if o.include || o.head == "-" || o.writeOut != "" {
		c.note("-i, -D - and -w are left out: jq would have to read what they print")
	}
	if o.head == "-" {
		return saveFlags{}
	}
	return saveFlags{head: o.head}
}

// jq puts what it makes of the body where the body would go.
func (c *curlCommand) jq(expression, file string) {
	if expression == "" {
		return
	}
	c.words = append(c.words, "|", "jq", "-rc", words.Quote(expression))
	if file != "" && file != "-" {
		c.words = append(c.words, ">", words.Quote(file))
	}
}
