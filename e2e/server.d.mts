export declare class Server {
  url: string;
  static start(...args: string[]): Promise<Server>;
  run(addr?: string): Promise<void>;
  token(user: string, ...more: string[]): Promise<string>;
  secretKey(): Promise<string>;
  readonly pid: number;
  kill(): Promise<void>;
  stop(): Promise<void>;
  messages(channel: string): Promise<{ id: string; seq: number; sequence: number; text?: string; nonce?: string }[]>;
}
export declare function until<T>(what: string, f: () => T | Promise<T>, most?: number): Promise<NonNullable<T>>;
