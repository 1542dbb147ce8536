package grant

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// DeviceCode is the grant of RFC 8628: the person logs in with a browser of any device, and this one asks until they
// have. It opens no browser.
type DeviceCode struct {
	Config
	// AuthorizationParams are further parameters of the device authorization request.
	AuthorizationParams []Field
	// Wait passes the time between two polls; nil: on the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

var (
	_ Grant     = (*DeviceCode)(nil)
	_ Login     = (*DeviceCode)(nil)
	_ Refresher = (*DeviceCode)(nil)
)

// Token implements [Grant]: there is no token without a person.
func (g *DeviceCode) Token(context.Context, Ask) (*Token, error) { return nil, ErrLoginRequired }

// Login implements [Login].
func (g *DeviceCode) Login(ctx context.Context, person Person) (*Token, error) {
	flow, err := g.Flow(ctx, nil)
	if err != nil {
		return nil, err
	}
	server, err := flow.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	if server.DeviceAuthorization == "" {
		return nil, missing("device authorization endpoint", "device_authorization_url")
	}
	now := flow.Endpoint.now() // before the request: the code may live from its arrival on
	reply, err := flow.Ask(ctx, server.DeviceAuthorization, append(flow.scoped(nil), g.AuthorizationParams...)...)
	if err != nil {
		return nil, err
	}
	device, err := readDevice(reply)
	if err != nil {
		return nil, protocol(err).Doing("reading the reply of the device authorization endpoint")
	}
	p := &poll{flow: flow, wait: g.Wait, fields: []Field{
		Plain("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), Hidden("device_code", device.code),
	}}
	if err := p.times(reply, now); err != nil {
		return nil, protocol(err).Doing("reading the reply of the device authorization endpoint")
	}
	flow.Endpoint.Mask.Add(device.code)
	device.show(person)
	token, err := p.token(ctx)
	return flow.checked(ctx, token, err, secret.String{})
}

// device is the reply of RFC 8628 section 3.2.
type device struct {
	code               secret.String
	user, at, complete string // complete may be empty
}

const (
	maxDeviceCode = 8 << 10
	maxUserCode   = 128 // a person types it
	maxAddress    = 2 << 10
)

func readDevice(reply Members) (*device, error) {
	code, _, err := reply.Text("device_code")
	switch {
	case err != nil:
		return nil, err
	case code == "", len(code) > maxDeviceCode:
		return nil, errors.New("the reply has no device_code that can be used")
	}
	d := &device{code: secret.New(code)}
	if d.user, _, err = reply.Text("user_code"); err != nil {
		return nil, err
	}
	if d.user == "" || len(d.user) > maxUserCode {
		return nil, errors.New("the reply has no user_code that a person could type")
	}
	if d.at, err = page(reply, "verification_uri"); err == nil && d.at == "" {
		d.at, err = page(reply, "verification_url") // of drafts, which large servers still speak
	}
	if err == nil && d.at == "" {
		err = errors.New("the reply has no verification_uri")
	}
	if err == nil {
		d.complete, err = page(reply, "verification_uri_complete")
	}
	return d, err
}

// page reads an address that a person will open: a web page, over https or on this machine, and short enough to be one.
func page(reply Members, name string) (string, error) {
	text, there, err := reply.Text(name)
	if err != nil || !there || text == "" {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > maxAddress || httpx.Visible(text) != text || strings.ContainsAny(text, " \t\n") {
		return "", fmt.Errorf("%s is no address that could be shown", name)
	}
	o, err := httpx.OriginOf(u)
	if err != nil || u.Scheme != "https" && !o.Loopback() {
		return "", fmt.Errorf("%s is neither an https address nor one of this machine", name)
	}
	return text, nil
}

// show tells the person where to go with what, each on a line of its own. The last line is for those who were sent a
// code by somebody else (RFC 8628 section 5.4).
func (d *device) show(person Person) {
	person.Tell("open this address on any device:")
	person.Tell("%s", d.at)
	person.Tell("and enter this code there:")
	person.Tell("%s", httpx.Excerpt(d.user, nil))
	picture := d.at
	if d.complete != "" {
		picture = d.complete
		person.Tell("or open this address, which has the code in it:")
		person.Tell("%s", d.complete)
	}
	if person.Picture != nil {
		person.Picture(picture)
	}
	person.Tell("whoever enters the code lets this machine in: enter none that you did not ask for yourself")
}
