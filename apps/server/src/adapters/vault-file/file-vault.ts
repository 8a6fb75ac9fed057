import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '@agentpod/core';
import type { Vault } from '../../ports/vault.ts';
import { parseMasterKey, readOrCreateMasterKey } from './master-key.ts';

const cipher = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Takes the master key from the environment when it is given there, else from the file, which is made when absent. */
export function openVault(source: { file: string; fromEnvironment: string | undefined }): FileVault {
  const { file, fromEnvironment } = source;
  return new FileVault(fromEnvironment === undefined ? readOrCreateMasterKey(file) : parseMasterKey(fromEnvironment));
}

/**
 * Sealed text is `v1.<key id>.<wrapped key>.<value>`: the value under a key of its own, that key under one derived from
 * the master key. A new master key therefore needs to rewrap the third part only, and the id says which are still to do.
 */
export class FileVault implements Vault {
  /** Names the master key without revealing it: a database remembers it to notice that the key was lost. */
  readonly keyId: string;
  readonly #wrappingKey: Buffer;

  constructor(masterKey: Buffer) {
    this.keyId = derive(masterKey, 'agentpod vault key id', 8).toString('hex');
    this.#wrappingKey = derive(masterKey, 'agentpod vault wrapping key', keyBytes);
  }

  seal(plain: string, context: string): string {
    const valueKey = randomBytes(keyBytes);
    const header = `v1.${this.keyId}`;
    const wrapped = encrypt(this.#wrappingKey, valueKey, header);
    const value = encrypt(valueKey, Buffer.from(plain, 'utf8'), context);
    return `${header}.${wrapped.toString('base64url')}.${value.toString('base64url')}`;
  }

  open(sealed: string, context: string): string {
    const [version, keyId, wrapped, value, ...rest] = sealed.split('.');
    if (version !== 'v1' || wrapped === undefined || value === undefined || rest.length > 0) {
      throw broken('it is not in the form this version knows');
    }
    if (keyId !== this.keyId) {
      throw broken(`it was sealed with the master key ${keyId}, the present one is ${this.keyId}`);
    }
    try {
      const valueKey = decrypt(this.#wrappingKey, Buffer.from(wrapped, 'base64url'), `v1.${keyId}`);
      return decrypt(valueKey, Buffer.from(value, 'base64url'), context).toString('utf8');
    } catch (cause) {
      throw broken('it was altered, or moved here from another place', cause);
    }
  }
}

function derive(masterKey: Buffer, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), purpose, length));
}

function encrypt(key: Buffer, plain: Buffer, context: string): Buffer {
  const iv = randomBytes(ivBytes);
  const sealing = createCipheriv(cipher, key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(context, 'utf8'));
  return Buffer.concat([iv, sealing.update(plain), sealing.final(), sealing.getAuthTag()]);
}

function decrypt(key: Buffer, sealed: Buffer, context: string): Buffer {
  const [iv, tag] = [sealed.subarray(0, ivBytes), sealed.subarray(-tagBytes)];
  const opening = createDecipheriv(cipher, key, iv, { authTagLength: tagBytes });
  opening.setAAD(Buffer.from(context, 'utf8')).setAuthTag(tag);
  return Buffer.concat([opening.update(sealed.subarray(ivBytes, -tagBytes)), opening.final()]);
}

function broken(why: string, cause?: unknown): AppError {
  return new AppError('bug', 'SealBroken', `a sealed value cannot be opened: ${why}`, { cause });
}
