/** Audiences of the token for the JWT method when the user names none. */
export const defaultAudiences = ["vault"];
