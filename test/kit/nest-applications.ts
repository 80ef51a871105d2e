import type { INestApplicationContext, ModuleMetadata, Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { silentLog } from '@halfmq/transaction';
import { HalfmqModule, type HalfmqModuleOptions } from '@halfmq/transaction/nest';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { InProcessCluster } from './in-process-cluster.js';
import { PostgresServer } from './postgres.js';

@Entity()
export class Booking {
  @PrimaryGeneratedColumn() id!: number;
  @Column() sku!: string;
}

export interface ApplicationParts {
  readonly imports?: ModuleMetadata['imports'];
  readonly options?: Partial<HalfmqModuleOptions>;
}

/** Nest applications on one real broker and one real PostgreSQL, each with a database of its own. */
export class NestApplications {
  private readonly running: INestApplicationContext[] = [];
  private databases = 0;

  private constructor(
    readonly postgres: PostgresServer,
    readonly cluster: InProcessCluster,
  ) {}

  static async begin(): Promise<NestApplications> {
    const [postgres, cluster] = await Promise.all([PostgresServer.start(), InProcessCluster.start()]);
    await cluster.startBroker('broker-a');
    return new NestApplications(postgres, cluster);
  }

  /** A module with a fresh database that has the tables of the entities. */
  async database(
    entities: (new () => object)[] = [Booking],
  ): Promise<NonNullable<ModuleMetadata['imports']>[number]> {
    const url = await this.postgres.createDatabase(`app_${++this.databases}`);
    return TypeOrmModule.forRoot({
      type: 'postgres',
      url,
      entities,
      synchronize: true,
      retryAttempts: 1,
    });
  }

  async start(providers: Provider[], more: ApplicationParts = {}): Promise<INestApplicationContext> {
    const { nameServers } = this.cluster;
    const halfmq = HalfmqModule.forRoot({ nameServers, group: 'tests', log: silentLog, ...more.options });
    const root = { module: class Root {}, imports: [...(more.imports ?? []), halfmq], providers };
    const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
    this.running.push(app);
    return app;
  }

  /** What the start of such an application fails with. */
  async refusal(providers: Provider[], more?: ApplicationParts): Promise<string> {
    const error: unknown = await this.start(providers, more).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof Error ? error.message : 'started';
  }

  async closeAll(): Promise<void> {
    for (const app of this.running.splice(0)) await app.close();
  }

  async end(): Promise<void> {
    await this.closeAll();
    await this.cluster.close();
    await this.postgres.stop();
  }
}
