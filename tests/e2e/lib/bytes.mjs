// Encodings that every test needs.
import { createHash } from 'node:crypto';

export const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const b64u = (bytes) => Buffer.from(bytes).toString('base64url');
export const unb64u = (text) => Buffer.from(text, 'base64url');
export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const unhex = (text) => Buffer.from(text.replace(/^0x/, ''), 'hex');
export const utf8hex = (text) => Buffer.from(text, 'utf8').toString('hex');
