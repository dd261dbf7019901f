// The server listens on every interface of the machine; preloaded with --import, this keeps it on the loopback one.
import { Server } from 'node:net';

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'object' || typeof rest[0] === 'string' ? listen.call(this, port, ...rest) : listen.call(this, port, '127.0.0.1', ...rest);
};
