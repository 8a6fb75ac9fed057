import { createClient } from '@agentpod/core';
import { callApi } from './http-call.ts';

export const api = createClient(callApi);
