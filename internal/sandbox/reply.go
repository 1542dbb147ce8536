package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// reply is an answer before it is written, so that a fault can still change it.
type reply struct {
	status  int
	header  http.Header
	members members // the JSON object of the body, in wire order
	token   bool    // the members are those of a token reply
	tail    string  // what follows the object: PingFederate ends its own with CRLF
	raw     []byte  // the body where it is no JSON object
	send    func(http.ResponseWriter, *http.Request)
}

// object is a reply with a JSON body.
func object(status int, list ...member) reply {
	return reply{status: status, header: headers("Content-Type", "application/json"), members: list}
}

// text is a reply with any other body.
func text(status int, contentType, body string) reply {
	return reply{status: status, header: headers("Content-Type", contentType), raw: []byte(body)}
}

// headers makes a header of names and values in turn.
func headers(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// with adds headers, replacing those of the same name.
func (rep reply) with(pairs ...string) reply {
	for name, values := range headers(pairs...) {
		rep.header[name] = values
	}
	return rep
}

func (rep *reply) body() []byte {
	if rep.members == nil {
		return rep.raw
	}
	return append(rep.members.json(), rep.tail...)
}

func (rep *reply) write(w http.ResponseWriter, r *http.Request) {
	for name, values := range rep.header {
		w.Header()[name] = values
	}
	if rep.send != nil {
		rep.send(w, r)
		return
	}
	body := rep.body()
	if rep.status == http.StatusNoContent || rep.status == http.StatusNotModified {
		w.WriteHeader(rep.status)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(rep.status)
	_, _ = w.Write(body) // a client that left is no concern of ours
}

// member is one member of a JSON object.
type member struct {
	name  string
	value any
}

// members keep the order that the real servers write.
type members []member

func (m members) json() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", encode(one.name), encode(one.value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// MarshalJSON implements [json.Marshaler] for objects within objects.
func (m members) MarshalJSON() ([]byte, error) { return m.json(), nil }

// form is the same object as a form.
func (m members) form() []byte {
	parts := make([]string, len(m))
	for i, one := range m {
		parts[i] = url.QueryEscape(one.name) + "=" + url.QueryEscape(fmt.Sprint(one.value))
	}
	return []byte(strings.Join(parts, "&"))
}

// change gives the members with one value replaced.
func (m members) change(name string, to func(any) any) members {
	out := slices.Clone(m)
	for i := range out {
		if out[i].name == name {
			out[i].value = to(out[i].value)
		}
	}
	return out
}

// own is the name that these members have for one of RFC 6749: logins of older make say accessToken, expiresIn or token.
func (m members) own(name string) string {
	for _, one := range m {
		if strings.EqualFold(one.name, strings.ReplaceAll(name, "_", "")) || one.name == "token" && name == "access_token" {
			return one.name
		}
	}
	return name
}

func (m members) without(name string) members {
	return slices.DeleteFunc(slices.Clone(m), func(one member) bool { return one.name == name })
}

// encode writes a value without the HTML escapes that no server of these makes.
func encode(value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return []byte("null") // only plain values are encoded here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
