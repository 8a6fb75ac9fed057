import { config } from 'zod';

// The console's content security policy forbids code made from strings, and zod would try. Imported before anything else.
config({ jitless: true });
