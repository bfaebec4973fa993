import { type Client, type ErrorCode, type Json, ParleyError } from "@parley/client";
import { errorCode } from "../errors";

/** What a member may be, from most to least. */
export const roles = ["owner", "moderator", "member", "reader"] as const;
export type Role = (typeof roles)[number];

export interface Member {
  userId: string;
  role: Role | "";
  muted: boolean;
  banned: boolean;
}

/** What a channel is, for who looks for one. */
export interface ChannelInfo {
  id: string;
  kind: "open" | "private" | "direct";
  title?: string;
}

/** What can be done with channels and who is in them, over REST. */
export class Channels {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** A page of the channels that the user may read, in the order of their names. */
  async page(after?: string): Promise<{ channels: ChannelInfo[]; next: string | undefined }> {
    const answer = await this.#client.request("GET", "/v1/channels", { query: { limit: 200, after } });
    const { channels = [], next } = answer as unknown as { channels?: ChannelInfo[]; next?: string };
    return { channels, next };
  }

  async info(channelId: string): Promise<ChannelInfo> {
    return (await this.#client.request("GET", pathOf(channelId))) as unknown as ChannelInfo;
  }

  /** Makes a channel that there is not, or no longer; fails with `exists` where there is one, readable or not. */
  async make(channelId: string, settings: { kind: "open" | "private"; title?: string }): Promise<void> {
    const before = await this.info(channelId).then(
      () => "exists" as const,
      (error) => errorCode(error),
    );
    if (before !== "not_found" && before !== "deleted") {
      const taken: ErrorCode = before === "forbidden" ? "exists" : before;
      throw new ParleyError(taken, "the channel cannot be made");
    }
    await this.#client.request("PUT", pathOf(channelId), { body: { ...settings } });
  }

  async delete(channelId: string): Promise<void> {
    await this.#client.request("DELETE", pathOf(channelId));
  }

  async join(channelId: string): Promise<void> {
    await this.set(channelId, this.#me(), { role: "member", muted: false, banned: false });
  }

  async leave(channelId: string): Promise<void> {
    await this.remove(channelId, this.#me());
  }

  async members(channelId: string, after?: string): Promise<{ members: Member[]; next: string | undefined }> {
    const answer = await this.#client.request("GET", `${pathOf(channelId)}/members`, {
      query: { limit: 100, after },
    });
    const { members = [], next } = answer as unknown as { members?: Member[]; next?: string };
    return { members, next };
  }

  /** Whether somebody is a member of a channel. */
  async has(channelId: string, userId: string): Promise<boolean> {
    try {
      const answer = await this.#client.request("GET", memberPath(channelId, userId));
      return (answer as unknown as Member).role !== "";
    } catch (error) {
      if (errorCode(error) === "not_found") return false;
      throw error;
    }
  }

  async set(channelId: string, userId: string, standing: Omit<Member, "userId">): Promise<void> {
    const body: Json = { role: standing.role, muted: standing.muted, banned: standing.banned };
    await this.#client.request("PUT", memberPath(channelId, userId), { body });
  }

  async remove(channelId: string, userId: string): Promise<void> {
    await this.#client.request("DELETE", memberPath(channelId, userId));
  }

  #me(): string {
    const { userId } = this.#client;
    if (userId === undefined) throw new ParleyError("unavailable", "nobody is signed in yet");
    return userId;
  }
}

function pathOf(channelId: string): string {
  return `/v1/channels/${encodeURIComponent(channelId)}`;
}

function memberPath(channelId: string, userId: string): string {
  return `${pathOf(channelId)}/members/${encodeURIComponent(userId)}`;
}

/** The id of a channel that somebody calls so: as it is written, without what makes links ugly. */
export function channelIdOf(name: string): string {
  return name.normalize("NFKC").trim().replace(/^#+/, "").toLowerCase().replace(/\s+/gu, "-");
}
